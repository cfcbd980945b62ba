"""Importers: one file a format; each turns a record of a file into posts."""
