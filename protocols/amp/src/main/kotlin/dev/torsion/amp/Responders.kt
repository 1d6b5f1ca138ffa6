// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.defer.Deferred
import dev.torsion.net.Protocol
import java.util.concurrent.CompletionStage

/**
 * A request that has come, with its arguments.
 *
 * @property amp the connection that it came on, on which the other side can be asked in turn
 */
public class AmpRequest internal constructor(
    @get:JvmName("amp") public val amp: AMP,
    @get:JvmName("arguments") public val arguments: Values,
) {
    /** The value of [argument]; null when it is optional and was left out. */
    public operator fun <T> get(argument: Argument<T>): T = arguments[argument]
}

/** Answers a request. An exception that the command has declared is an error for the caller. */
public fun interface Responder<out R> {
    @Throws(Exception::class)
    public fun respond(request: AmpRequest): R
}

/** Answers a box; see [Responders.Builder.onBox]. */
public fun interface BoxResponder {
    @Throws(Exception::class)
    public fun respond(box: AmpBox): Deferred<AmpBox>
}

/**
 * The responders of a connection, by the names of their commands; Twisted's `CommandLocator`.
 *
 * ```kotlin
 * val responders =
 *     Responders.builder()
 *         .on(Sum) { valuesOf(Sum.total(it[Sum.a] + it[Sum.b])) }
 *         .onSuspend(Slow) { delay(1.seconds); valuesOf(Slow.done(true)) }
 *         .build()
 * reactor.listenTcp(8900, Factory { AMP(responders) })
 * ```
 * ```java
 * Responders.builder().on(SUM, it -> Values.of(SUM.total.of(it.get(SUM.a) + it.get(SUM.b)))).build();
 * ```
 *
 * It cannot be changed, and may serve any number of connections. Responders run on the thread of the connection's reactor.
 */
public class Responders private constructor(private val byName: Map<String, Answering>) {
    @JvmSynthetic
    internal fun find(name: String): Answering? = byName[name]

    override fun toString(): String = "Responders(${byName.size} commands)"

    /** Makes [Responders]. One thread at a time. Each way to add one refuses a second of the same name. */
    public class Builder internal constructor() {
        private val inherited = HashMap<String, Answering>()
        private val own = HashMap<String, Answering>()

        /** Answers [command] with values: [Values.EMPTY] where its response has none, or where it requires no answer. */
        public fun on(command: Command, responder: Responder<Values>): Builder = add(command.commandName, Plain(command, responder))

        /** Answers [command] with a Deferred of values. */
        public fun onDeferred(command: Command, responder: Responder<Deferred<Values>>): Builder =
            add(command.commandName, Plain(command, responder))

        /** Answers [command] with a future of values, which may be completed on any thread. */
        public fun onFuture(command: Command, responder: Responder<CompletionStage<Values>>): Builder =
            add(command.commandName, Plain(command, responder))

        /** Answers [command] with a suspend function. It runs in the connection's scope, and is cancelled when the connection ends. */
        @JvmSynthetic
        public fun onSuspend(command: Command, responder: suspend (AmpRequest) -> Values): Builder =
            add(command.commandName, Suspending(command, responder))

        /**
         * Answers boxes of the command [name] as they are; Twisted's `amp_NAME` methods. The box of the answer needs no `_answer`. An error
         * is [RemoteAmpException] for the other side when it is one here, and otherwise UNKNOWN.
         */
        public fun onBox(name: String, responder: BoxResponder): Builder = add(name, Boxes(responder))

        /** Answers [command] with the protocol that the connection speaks from then on. It gets the bytes after the answer. */
        public fun onSwitch(command: ProtocolSwitchCommand, responder: Responder<Protocol>): Builder =
            add(command.commandName, Switching(command, responder))

        /** [onSwitch] with a Deferred of the protocol. Until it fires nothing more is read. */
        public fun onSwitchDeferred(command: ProtocolSwitchCommand, responder: Responder<Deferred<Protocol>>): Builder =
            add(command.commandName, Switching(command, responder))

        /**
         * Lets the other side begin TLS, with the settings of this side. There is none by default: Twisted's default, a certificate that is
         * made up on the spot, does not protect against somebody who can change the bytes.
         */
        public fun onStartTLS(responder: Responder<TLSSettings>): Builder = add(StartTLS.commandName, StartingTLS(responder))

        /** Adds all of [others]. A responder that is added by itself, before or after, takes the place of the one with its name. */
        public fun addAll(others: Responders): Builder {
            inherited.putAll(others.byName)
            return this
        }

        /** The responders. */
        public fun build(): Responders = Responders(HashMap(inherited).apply { putAll(own) })

        private fun add(name: String, answering: Answering): Builder {
            require(own.putIfAbsent(name, answering) == null) { "the command $name has a responder already" }
            return this
        }
    }

    public companion object {
        /** None: every command is unhandled. */
        @JvmField
        public val NONE: Responders = Responders(emptyMap())

        /** Begins responders. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}
