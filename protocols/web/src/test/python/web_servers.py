# Two servers for clients to try: Twisted's web and Python's http.server. Prints their ports as JSON, and ends when its input does.
# Run by LiveServersSpec: python3 web_servers.py
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from twisted.internet import reactor, stdio
from twisted.internet.protocol import Protocol
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, GzipEncoderFactory, Site
from twisted.web.resource import EncodingResourceWrapper


class Echo(Resource):
    isLeaf = True

    def render_POST(self, request):
        return request.content.read()

    render_PUT = render_POST


class Count(Resource):
    isLeaf = True

    def render_PUT(self, request):
        return b"%d" % len(request.content.read())


class Stream(Resource):
    isLeaf = True

    def render_GET(self, request):
        for i in range(1000):
            request.write(b"line %d\n" % i)
        request.finish()
        return NOT_DONE_YET


class Port(Resource):
    isLeaf = True

    def render_GET(self, request):
        return b"%d" % request.getClientAddress().port


class Seen(Resource):
    """What a proxy in front has made of the request."""

    isLeaf = True

    def render(self, request):
        fields = sorted((name.decode(), [value.decode() for value in values]) for name, values in request.requestHeaders.getAllRawHeaders())
        body = request.content.read().decode("latin-1")
        return json.dumps([request.method.decode(), request.uri.decode(), fields, body]).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        if self.path == "/port":
            return self.answer(b"%d" % self.client_address[1])
        if self.path == "/until-the-end":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"x" * 100_000)
            self.close_connection = True
            return None
        if self.path == "/none":
            return self.send_error(404)
        return self.answer(b"hello")

    do_HEAD = do_GET

    def do_PUT(self):
        self.answer(b"%d" % len(self.rfile.read(int(self.headers["Content-Length"]))))

    def log_message(self, *arguments):
        pass


class Ending(Protocol):
    def connectionLost(self, reason):
        reactor.stop()


root = Resource()
root.putChild(b"echo", Echo())
root.putChild(b"count", Count())
root.putChild(b"stream", Stream())
root.putChild(b"zipped", EncodingResourceWrapper(Stream(), [GzipEncoderFactory()]))
root.putChild(b"port", Port())
root.putChild(b"seen", Seen())
twisted = reactor.listenTCP(0, Site(root), interface="127.0.0.1")
standard = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
standard.daemon_threads = True
threading.Thread(target=standard.serve_forever, daemon=True).start()
print(json.dumps({"twisted": twisted.getHost().port, "standard": standard.server_address[1]}), flush=True)
stdio.StandardIO(Ending())
reactor.run()
