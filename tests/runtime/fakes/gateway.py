"""A gateway as the supervisor knows it: answers its health check."""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer


class Health(BaseHTTPRequestHandler):
    """200 on everything."""

    def do_GET(self) -> None:
        """Answer the health check."""
        self.send_response(200)
        self.end_headers()


address = (os.environ["LIANXI_GATEWAY_HOST"], int(os.environ["LIANXI_GATEWAY_PORT"]))
HTTPServer(address, Health).serve_forever()
