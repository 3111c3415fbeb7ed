"""The engine of training: recipes, profiles, plans, runs and their records; the stages themselves are in a room."""
