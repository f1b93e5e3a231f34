"""The routes, one module per group; each exports `ROUTES`: method and path -> endpoint (gateway layer)."""
