"""Live collectors: pages of a platform into a folder that importers read, with every gap told."""
