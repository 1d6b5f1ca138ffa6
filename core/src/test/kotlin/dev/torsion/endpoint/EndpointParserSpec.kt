// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.defer.Deferred
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.net.URLClassLoader

/** A place that nothing is opened at. */
class NamedEndpoint(val path: String, val mode: Int?) :
    ServerEndpoint,
    ClientEndpoint {
    override fun listen(factory: Factory): Deferred<ListeningPort> = throw UnsupportedOperationException()

    override fun connect(factory: Factory): Deferred<Protocol> = throw UnsupportedOperationException()

    override fun wrap(wrapper: FactoryWrapper): Nothing = throw UnsupportedOperationException()
}

/** Registered in the test's own resources, which the class loader of the library sees. */
class NamedParser : ServerEndpointParser {
    override fun prefix() = "named"

    override fun parse(reactor: Reactor, text: EndpointString): ServerEndpoint {
        text.order("path")
        return NamedEndpoint(text.needed("path").value, text.option("mode")?.number(0, 511))
    }
}

/** The tests below register these with a class loader of their own. */
class PluggedParser : ClientEndpointParser {
    override fun prefix() = "plugged"

    override fun parse(reactor: Reactor, text: EndpointString) = NamedEndpoint(text.rest(), null)
}

class OtherPluggedParser : ClientEndpointParser by PluggedParser()

class ParserOfTcp : ClientEndpointParser {
    override fun prefix() = "tcp"

    override fun parse(reactor: Reactor, text: EndpointString) = throw AssertionError("a kind of the library was replaced")
}

class BrokenParser : ClientEndpointParser {
    init {
        throw NoClassDefFoundError("on/purpose")
    }

    override fun prefix() = "broken"

    override fun parse(reactor: Reactor, text: EndpointString) = throw AssertionError()
}

class SilentParser : ClientEndpointParser {
    override fun prefix() = throw IllegalStateException("on purpose")

    override fun parse(reactor: Reactor, text: EndpointString) = throw AssertionError()
}

class EndpointParserSpec :
    StringSpec({
        val reactor = Reactor.create()

        fun <T> withContextLoader(loader: ClassLoader?, action: () -> T): T {
            val thread = Thread.currentThread()
            val before = thread.contextClassLoader
            thread.contextClassLoader = loader
            try {
                return action()
            } finally {
                thread.contextClassLoader = before
            }
        }

        /** Runs [action] on a thread whose context class loader knows the client [parsers], as that of an application does. */
        fun <T> withPlugins(vararg parsers: String, action: () -> T): T {
            val folder = tempdir()
            folder.resolve("META-INF/services").mkdirs()
            folder.resolve("META-INF/services/${ClientEndpointParser::class.java.name}").writeText(parsers.joinToString("\n"))
            val loader = URLClassLoader(arrayOf(folder.toURI().toURL()), ClientEndpointParser::class.java.classLoader)
            return loader.use { withContextLoader(it, action) }
        }

        "a third party's kind of string is found and parsed" {
            val endpoint = serverFromString(reactor, "named:/run/chat:mode=7") as NamedEndpoint
            endpoint.path shouldBe "/run/chat"
            endpoint.mode shouldBe 7
        }

        "its mistakes are told in the same way, a misspelt option too" {
            fun mistake(description: String) = shouldThrow<EndpointSyntaxException> { serverFromString(reactor, description) }.message
            mistake("named") shouldBe """Bad endpoint "named": it needs a path"""
            mistake("named:a:mode=x") shouldBe """Bad endpoint "named:a:mode=x", at "x": mode must be a number, but is "x""""
            mistake("named:a:mood=x") shouldBe
                """Bad endpoint "named:a:mood=x", at "mood=x": "named" has no option "mood"; it has path, mode"""
            mistake("named:a:b") shouldBe """Bad endpoint "named:a:b", at "b": "b" is one argument too many"""
        }

        "an unknown kind is named, with those that there are" {
            shouldThrow<EndpointSyntaxException> { serverFromString(reactor, "pigeon:/run/x") }.message shouldBe
                """Bad endpoint "pigeon:/run/x": a server can listen on "tcp", "tcp6", "unix", "stdio", "systemd", "fd", """ +
                """"haproxy", "ssl" and "named", but not on "pigeon""""
            shouldThrow<EndpointSyntaxException> { clientFromString(reactor, "pigeon:/run/x") }.message shouldBe
                """Bad endpoint "pigeon:/run/x": a client can connect to "tcp", "host", "unix", "haproxy", "tls" and "ssl", """ +
                """but not to "pigeon""""
        }

        "plug-ins come from the context class loader of the thread, and from the loader of the library without one" {
            withPlugins(PluggedParser::class.java.name) {
                (clientFromString(reactor, "plugged:tcp:a\\:b:c=d") as NamedEndpoint).path shouldBe "tcp:a\\:b:c=d"
                (serverFromString(reactor, "named:x") as NamedEndpoint).path shouldBe "x"
            }
            shouldThrow<EndpointSyntaxException> { clientFromString(reactor, "plugged:x") }
            for (loader in listOf(null, ClassLoader.getPlatformClassLoader())) {
                withContextLoader(loader) { (serverFromString(reactor, "named:x") as NamedEndpoint).path shouldBe "x" }
            }
        }

        "a plug-in that cannot be used harms no other" {
            withPlugins(
                BrokenParser::class.java.name,
                "no.such.Parser",
                SilentParser::class.java.name,
                PluggedParser::class.java.name,
            ) {
                (clientFromString(reactor, "plugged:x") as NamedEndpoint).path shouldBe "x"
                shouldThrow<EndpointSyntaxException> { clientFromString(reactor, "broken:x") }.message shouldContain "\"tcp\""
            }
        }

        "two parsers of one kind are an error that names both; a kind of the library stays what it is" {
            withPlugins(PluggedParser::class.java.name, OtherPluggedParser::class.java.name, ParserOfTcp::class.java.name) {
                val message = shouldThrow<EndpointSyntaxException> { clientFromString(reactor, "plugged:x") }.message!!
                message shouldContain PluggedParser::class.java.name
                message shouldContain OtherPluggedParser::class.java.name
                (clientFromString(reactor, "tcp:h:80") as HostnameEndpoint).port shouldBe 80
            }
        }
    })
