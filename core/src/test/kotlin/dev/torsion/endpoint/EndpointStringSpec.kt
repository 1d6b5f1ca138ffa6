// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.net.TcpOptions
import dev.torsion.reactor.Reactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.file.attribute.PosixFilePermissions
import java.time.Duration

class EndpointStringSpec :
    StringSpec({
        val reactor = Reactor.create()

        "server strings" {
            val endpoint = serverFromString(reactor, "tcp:8080:interface=127.0.0.1:backlog=7") as TCP4ServerEndpoint
            endpoint.port shouldBe 8080
            endpoint.networkInterface shouldBe "127.0.0.1"
            endpoint.backlog shouldBe 7
            (serverFromString(reactor, "tcp:port=0") as TCP4ServerEndpoint).port shouldBe 0
            (serverFromString(reactor, """tcp:80:interface=\:\:1""") as TCP4ServerEndpoint).networkInterface shouldBe "::1"
            val six = serverFromString(reactor, """tcp6:8080:interface=\:\:1:backlog=7""") as TCP6ServerEndpoint
            six.port shouldBe 8080
            six.networkInterface shouldBe "::1"
            six.backlog shouldBe 7
            (serverFromString(reactor, "tcp6:port=0") as TCP6ServerEndpoint).networkInterface shouldBe ""
        }

        "a port may be shared with other sockets" {
            (serverFromString(reactor, "tcp:8080:reusePort=1") as TCP4ServerEndpoint).options.reusePort shouldBe true
            (serverFromString(reactor, "tcp6:8080:reusePort=yes") as TCP6ServerEndpoint).options.reusePort shouldBe true
            (serverFromString(reactor, "tcp:8080:reusePort=0") as TCP4ServerEndpoint).options.reusePort shouldBe false
            (serverFromString(reactor, "tcp:8080") as TCP4ServerEndpoint).options.reusePort shouldBe false
            val given = serverFromString(reactor, "tcp:8080", TcpOptions.DEFAULT.withReusePort(true)) as TCP4ServerEndpoint
            given.options.reusePort shouldBe true
        }

        "client strings" {
            val endpoint = clientFromString(reactor, "tcp:example.com:80:timeout=5:bindAddress=10.0.0.1") as HostnameEndpoint
            endpoint.host shouldBe "example.com"
            endpoint.port shouldBe 80
            endpoint.connecting.timeout shouldBe Duration.ofSeconds(5)
            endpoint.connecting.bindAddress shouldBe "10.0.0.1"
            (clientFromString(reactor, "tcp:host=a\\=b:port=1") as HostnameEndpoint).host shouldBe "a=b"
            (clientFromString(reactor, """tcp:\:\:1:80""") as HostnameEndpoint).host shouldBe "::1"
            (clientFromString(reactor, "tcp:${quoteStringArgument("a\\b:c=d")}:80") as HostnameEndpoint).host shouldBe "a\\b:c=d"
        }

        "host and port may each have their name or not, as in Twisted" {
            for (text in listOf(
                "tcp:example.com:1234",
                "tcp:host=example.com:1234",
                "tcp:example.com:port=1234",
                "tcp:port=1234:example.com",
            )) {
                val endpoint = clientFromString(reactor, text) as HostnameEndpoint
                endpoint.host shouldBe "example.com"
                endpoint.port shouldBe 1234
            }
            val bound = clientFromString(reactor, """tcp:example.com:80:bindAddress=10.0.0.1\:4000""") as HostnameEndpoint
            bound.connecting.bindAddress shouldBe "10.0.0.1:4000"
        }

        "UNIX sockets, standard input and output, descriptors, and the PROXY protocol before another string" {
            val server = serverFromString(reactor, """unix:/run/a\:b:mode=660:backlog=7:lockfile=0""") as UNIXServerEndpoint
            server.path.toString() shouldBe "/run/a:b"
            PosixFilePermissions.toString(server.options.mode) shouldBe "rw-rw----"
            server.options.backlog shouldBe 7
            server.options.wantPid shouldBe false
            (serverFromString(reactor, "unix:address=/x") as UNIXServerEndpoint).options.wantPid shouldBe true
            val client = clientFromString(reactor, "unix:/x:timeout=5:lockfile=1") as UNIXClientEndpoint
            client.timeout shouldBe Duration.ofSeconds(5)
            client.checkPid shouldBe true
            (clientFromString(reactor, "unix:path=/x") as UNIXClientEndpoint).checkPid shouldBe false
            listOf("unix:/x", "stdio:", "fd:0").forEach { serverFromString(reactor, it).toString() shouldBe it }
            serverFromString(reactor, "stdio").toString() shouldBe "stdio:"
            serverFromString(reactor, "systemd:domain=INET:index=0").toString() shouldBe "fd:0"
            serverFromString(reactor, "haproxy:tcp:80").toString() shouldBe "tcp:80, wrapped"
            clientFromString(reactor, "haproxy:host:a:80").toString() shouldBe "tcp:a:80, wrapped"
        }

        "an endpoint prints as the string that makes it" {
            listOf("tcp:80", "tcp:80:interface=127.0.0.1", "tcp6:80", """tcp6:80:interface=\:\:1""").forEach {
                serverFromString(reactor, it).toString() shouldBe it
            }
            listOf("tcp:example.com:80", """tcp:\:\:1:80""").forEach { clientFromString(reactor, it).toString() shouldBe it }
        }

        mapOf(
            "" to "not on \"\"",
            "udp:1" to "not on \"udp\"",
            "tcp" to "needs a port",
            "tcp:abc" to "must be a number",
            "tcp:99999" to "between 0 and 65535",
            "tcp:-1" to "between 0 and 65535",
            "tcp:80:81" to "one argument too many",
            "tcp:80:interfaec=x" to "no option \"interfaec\"",
            "tcp:80:port=81" to "given twice",
            "tcp:80:backlog=1:backlog=2" to "given twice",
            "tcp:80:backlog=0" to "between 1",
            "tcp:80\\" to "lone backslash",
            "unix:" to "the address is empty",
            "unix:/x:mode=888" to "three octal digits",
            "unix:/x:mode=7777" to "three octal digits",
            "unix:/x:lockfile=maybe" to "lockfile must be 1 or 0",
            "unix:\u0000x" to "no abstract names",
            "stdio:x" to "no arguments",
            "fd:3" to "Java reaches descriptor 0 only",
            "systemd:index=0" to "needs a domain",
            "systemd:domain=IPX:index=0" to "domain must be one of INET, INET6, UNIX",
            "systemd:domain=INET" to "needs an index or a name",
            "systemd:domain=INET:index=1" to "Java reaches descriptor 0 only",
            "systemd:domain=INET:name=web" to "the first socket that systemd has passed is \"\"",
            "haproxy" to "needs another endpoint string",
            "haproxy:tcp:99999" to "between 0 and 65535",
            "tcp6:80:interface=127.0.0.1" to "\"127.0.0.1\" is not an address of IPv6",
        ).forEach { (description, problem) ->
            "server string \"$description\" is refused: $problem" {
                val error = shouldThrow<EndpointSyntaxException> { serverFromString(reactor, description) }
                error.message shouldContain problem
                error.description shouldBe description
            }
        }

        "the error says where in the string it is" {
            fun place(description: String, parse: (Reactor, String) -> Any = ::serverFromString) = shouldThrow<EndpointSyntaxException> {
                parse(reactor, description)
            }.let { it.position to it.message!!.substringBefore(": ") }
            place("tcp:80:interfaec=x") shouldBe (7 to """Bad endpoint "tcp:80:interfaec=x", at "interfaec=x"""")
            place("tcp:http:backlog=5") shouldBe (4 to """Bad endpoint "tcp:http:backlog=5", at "http"""")
            place("""tcp:80:backlog=\:5""") shouldBe (15 to """Bad endpoint "tcp:80:backlog=\:5", at "\:5"""")
            place("tcp:80:81") shouldBe (7 to """Bad endpoint "tcp:80:81", at "81"""")
            place("tcp:80:backlog=1:backlog=2") shouldBe (17 to """Bad endpoint "tcp:80:backlog=1:backlog=2", at "backlog=2"""")
            place("tcp") shouldBe (-1 to """Bad endpoint "tcp"""")
            place("tcp::80", ::clientFromString) shouldBe (4 to """Bad endpoint "tcp::80", at character 5""")
            place("tcp:h:80:bindAddress=me", ::clientFromString) shouldBe
                (21 to """Bad endpoint "tcp:h:80:bindAddress=me", at "me"""")
        }

        "an address of IPv6 may stand in brackets" {
            (clientFromString(reactor, "tcp:[::1]:80") as HostnameEndpoint).host shouldBe "::1"
            (clientFromString(reactor, "tcp:host=[fe80::1%eth0]:port=80") as HostnameEndpoint).host shouldBe "fe80::1%eth0"
            (serverFromString(reactor, "tcp6:80:interface=[::1]:backlog=5") as TCP6ServerEndpoint).networkInterface shouldBe "::1"
            val bound = clientFromString(reactor, """tcp:h:80:bindAddress=[::1]\:4000""") as HostnameEndpoint
            bound.connecting.bindAddress shouldBe "[::1]:4000"
            (clientFromString(reactor, "tcp:h:80:bindAddress=[::1]") as HostnameEndpoint).connecting.bindAddress shouldBe "::1"
            // No address: nothing but a name with odd letters.
            (clientFromString(reactor, "tcp:[x]:80") as HostnameEndpoint).host shouldBe "[x]"
            shouldThrow<EndpointSyntaxException> { clientFromString(reactor, "tcp:[1:2]:80") }
        }

        listOf(
            "tcp:::1:80" to "::1",
            "tcp:fe80::1:80" to "fe80::1",
            "tcp:2001:db8::5:80:timeout=5" to "2001:db8::5",
            "tcp:::1" to "::1",
        ).forEach {
            "client string \"${it.first}\" is told how an address of IPv6 is written" {
                val error = shouldThrow<EndpointSyntaxException> { clientFromString(reactor, it.first) }
                error.message shouldContain "written in brackets, [${it.second}], or as ${it.second.replace(":", "\\:")}"
                error.position shouldBe 4
            }
        }

        "so is a server string" {
            val error = shouldThrow<EndpointSyntaxException> { serverFromString(reactor, "tcp6:80:interface=::1") }
            error.message shouldContain "written in brackets, [::1], or as \\:\\:1"
            error.position shouldBe 18
        }

        listOf(
            "tcp:8007" to "it needs a host before the port, as in tcp:127.0.0.1:8007",
            "tls:8443" to "it needs a host before the port, as in tls:127.0.0.1:8443",
            "tcp:h:80:bindAddress=h" to "an address to connect from is numeric",
            "tcp:h:80:bindAddress=10.0.0.1\\:99999" to "a port to connect from is a number from 0 to 65535",
            "tcp:h:80:timeout=0" to "timeout must be between 1",
            "tcp::80" to "host is empty",
            "tcp:host" to "needs a port",
            "tcp:h:0" to "between 1",
            "tcp:host=h" to "needs a port",
            "tcp:port=80" to "needs a host",
            "tcp:host=h:80:81" to "host is given twice",
            "tcp:h:80:81" to "one argument too many",
            "smoke:h:1" to "not to \"smoke\"",
        ).forEach {
            "client string \"${it.first}\" is refused: ${it.second}" {
                shouldThrow<EndpointSyntaxException> { clientFromString(reactor, it.first) }.message shouldContain it.second
            }
        }
    })
