"""Joins the parts into something a person asked for."""
