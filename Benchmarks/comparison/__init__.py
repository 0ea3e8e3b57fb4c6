"""Side-by-side measurements of cambium-server and redis-server."""
