"""Files of other flood models, read into this package's arrays and written from them."""
