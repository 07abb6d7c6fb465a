"""SQL of the tariff room, read by its migrations."""
