"""The thirteen models: what each is, and what it answers. Knows no store, no service and no transport."""
