"""Collaborative filtering: rows are users, features are items, ones are what a user likes."""
