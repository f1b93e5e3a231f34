"""The conference: founding, roster, and the register that allots task numbers (domain layer)."""
