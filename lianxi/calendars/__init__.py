"""From a country, its years and an override file to the data of a calendar (shell layer)."""
