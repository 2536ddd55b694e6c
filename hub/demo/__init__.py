"""A city to look at: 24 stations of Bengaluru, its main roads, and people who use them."""
