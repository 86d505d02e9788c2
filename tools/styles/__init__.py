"""Built-in styles: training recipes and catalog entries."""
