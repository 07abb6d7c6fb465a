"""Pure building blocks: text in two languages, fixed-point numbers, clock, findings. No database, no Django."""
