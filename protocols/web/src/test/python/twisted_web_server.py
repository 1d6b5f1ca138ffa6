# A server of Twisted's web that counts its requests. Prints its port, then each request as "METHOD URI LENGTH", one a line.
# Run: python3 twisted_web_server.py
import sys

from twisted.internet import reactor
from twisted.web import resource, server


class Counting(resource.Resource):
    isLeaf = True

    def render(self, request):
        body = request.content.read()
        print(request.method.decode(), request.uri.decode(), len(body), flush=True)
        return body if request.method != b"HEAD" else b""


port = reactor.listenTCP(0, server.Site(Counting()), interface="127.0.0.1")
print(port.getHost().port, flush=True)
reactor.run()
