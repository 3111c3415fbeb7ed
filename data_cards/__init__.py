"""Card templates: one for each kind of card."""
