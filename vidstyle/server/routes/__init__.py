"""Routes of the REST API: they read a request, call a part of the server, and answer."""
