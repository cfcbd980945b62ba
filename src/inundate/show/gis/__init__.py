"""Floods and posts as files of geographic information systems: GeoPackage, GeoJSON, KML, COG."""
