"""What each model answers as long as no trained one may: declared rules, with an honest interval."""
