"""Features of the models: one pure function each, used for serving and for training alike."""
