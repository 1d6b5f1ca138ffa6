// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.reactor.Reactor

/**
 * Makes endpoints of the strings of one kind. The library has some kinds. Others are plug-ins, and [java.util.ServiceLoader] finds them: a
 * file `META-INF/services/dev.torsion.endpoint.ServerEndpointParser`, or `ClientEndpointParser`, names the class, which has a public
 * constructor without parameters.
 *
 * The library looks for them with the context class loader of the calling thread, then with its own, each time anew. So in an application
 * server the plug-ins of the application count, and nothing is kept when it ends. A kind of the library cannot be replaced. A plug-in that
 * cannot be loaded is logged, and the others work.
 */
public sealed interface EndpointParser {
    /** The kind: the part of its strings before the first colon. Twisted's `prefix`. */
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
    public fun parse(reactor: Reactor, text: EndpointString): ServerEndpoint
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
    public fun parse(reactor: Reactor, text: EndpointString): ClientEndpoint
}
