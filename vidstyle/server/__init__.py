"""Server: web page, REST API, job queue and live WebSocket. Needs the extra `server`."""
