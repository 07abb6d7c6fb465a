"""Pure building blocks: text in two languages, fixed-point numbers, clock, findings. Knows no database and no Django."""
