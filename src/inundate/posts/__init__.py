"""Posts of social media: schema, stores, importers, collectors, pseudonymisation."""
