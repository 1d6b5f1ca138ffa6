# Asks the server at the URL of the first argument with http.client and urllib, and prints what it got as JSON.
# Run by LivePythonSpec: python3 standard_clients.py http://127.0.0.1:PORT
import http.client
import http.cookiejar
import json
import sys
import urllib.error
import urllib.parse
import urllib.request

base = sys.argv[1]
found = []


def note(what, *values):
    found.append([what, *values])


connection = http.client.HTTPConnection(urllib.parse.urlsplit(base).netloc, timeout=20)
sockets = set()


def ask(method, path, body=None, headers={}, **more):
    connection.request(method, path, body, headers, **more)
    sockets.add(connection.sock.getsockname())
    response = connection.getresponse()
    return response, response.read()


response, body = ask("GET", "/hello")
note("get", response.status, response.version, body.decode())
response, body = ask("HEAD", "/hello")
note("head", response.status, response.getheader("Content-Length"), len(body))
response, body = ask("POST", "/echo", b"x" * 100_000)
note("length", response.status, len(body))
response, body = ask("POST", "/echo", (b"y" * 1000 for _ in range(100)), {"Transfer-Encoding": "chunked"}, encode_chunked=True)
note("chunks", response.status, len(body))
response, body = ask("GET", "/stream")
note("stream", response.status, response.getheader("Transfer-Encoding"), len(body))
response, body = ask("DELETE", "/echo")
note("delete", response.status, response.getheader("Allow"))
response, body = ask("OPTIONS", "/echo")
note("options", response.status, response.getheader("Allow"), len(body))
response, body = ask("GET", "/hello", headers={"Connection": "close"})
note("last", response.status, response.will_close, body.decode())
note("connections", len(sockets))

jar = http.cookiejar.CookieJar()
opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
with opener.open(base + "/login", urllib.parse.urlencode({"name": "Jürgen & co", "empty": ""}).encode(), timeout=20) as answer:
    note("form, redirect and cookie", answer.status, answer.url[len(base) :], answer.read().decode())
note("cookies", sorted((each.name, each.path) for each in jar))
try:
    urllib.request.urlopen(base + "/none", timeout=20)
except urllib.error.HTTPError as error:
    note("error", error.code, error.reason, error.read().decode())
print(json.dumps(found))
