// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.reactor.Reactor

/**
 * Makes endpoints of the strings of one kind. The kinds of the library are there; others are plug-ins, which are found by
 * [java.util.ServiceLoader]: a file `META-INF/services/dev.torsion.endpoint.ServerEndpointParser`, or `ClientEndpointParser`, names the class,
 * which has a public constructor without parameters.
 *
 * They are looked for with the context class loader of the thread that has a string, then with the class loader of the library, each time
 * anew: in an application server, those of the application count, and nothing is kept when it ends. A kind of the library cannot be
 * replaced. A plug-in that cannot be loaded is logged, and the others work.
 */
public sealed interface EndpointParser {
    /** The kind: what stands before the first colon of the strings. Twisted's `prefix`. */
    public fun prefix(): String
}

/** Makes server endpoints; Twisted's `IStreamServerEndpointStringParser`. See [EndpointParser] for how it is found. */
public interface ServerEndpointParser : EndpointParser {
    /**
     * The endpoint that [text] describes. It opens nothing: that is for [ServerEndpoint.listen].
     *
     * Thread: any.
     *
     * @throws IllegalArgumentException when the string is not understood, as a rule an [EndpointSyntaxException] of [text]
     */
    public fun parse(
        reactor: Reactor,
        text: EndpointString,
    ): ServerEndpoint
}

/** Makes client endpoints; Twisted's `IStreamClientEndpointStringParserWithReactor`. See [EndpointParser] for how it is found. */
public interface ClientEndpointParser : EndpointParser {
    /**
     * The endpoint that [text] describes. It connects to nothing: that is for [ClientEndpoint.connect].
     *
     * Thread: any.
     *
     * @throws IllegalArgumentException when the string is not understood, as a rule an [EndpointSyntaxException] of [text]
     */
    public fun parse(
        reactor: Reactor,
        text: EndpointString,
    ): ClientEndpoint
}
