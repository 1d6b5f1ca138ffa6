// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.defer.Deferred
import dev.torsion.loop.EventLoop
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.name.HostResolver
import dev.torsion.name.HostResolverFactory
import dev.torsion.spi.TorsionSpi
import java.net.InetAddress
import java.util.concurrent.Executor

/**
 * The event loop: one thread that waits for events and calls you back; Twisted's reactor.
 *
 * ```kotlin
 * val reactor = Reactor.create()
 * reactor.listenTcp(8007, Factory { Echo() })
 * reactor.run() // until stop()
 * ```
 *
 * It is made of small interfaces, so that code can ask for just those that it uses: a [Clock][dev.torsion.clock.Clock], an
 * [ErrorReporter][dev.torsion.loop.ErrorReporter], an [EventLoop], its [life][ReactorLifeCycle], [threads][ReactorThreads],
 * [streams][ReactorStreams], [datagrams][ReactorDatagrams], [UNIX sockets][ReactorUnix].
 *
 * It is an ordinary object: a program may have several. [default] is for programs that want one, as the tutorials do.
 *
 * Thread: the reactor belongs to the thread that calls [run], or to its own after [start]. Before that, the thread that sets it up
 * may use it. Any thread may call [callFromThread], [callInThread], [stopFromThread], [blockingCallFromThread], [isInReactorThread],
 * [isRunning], [state], [health], [nanoTime] and, as an [Executor], [execute]. Everything else throws
 * [WrongThreadException][dev.torsion.net.WrongThreadException] on another thread. An exception of a callback is logged and given to
 * [ReactorOptions.errorListener], and the reactor goes on.
 */
public interface Reactor :
    EventLoop,
    ReactorLifeCycle,
    ReactorThreads,
    ReactorStreams,
    ReactorDatagrams,
    ReactorUnix,
    ReactorHealth {
    /** True on the thread that runs the loop. */
    public val isInReactorThread: Boolean get() = inLoop

    /**
     * The addresses of [host], by [ReactorOptions.resolver]. The loop goes on meanwhile. [resolve] adds a time-out, a choice and one type
     * of error. It fails with the exception of the resolver, and with [ReactorNotRunningException] when the reactor is ending.
     */
    public fun lookUp(host: String): Deferred<List<InetAddress>>

    /**
     * Looks names up by [resolver] from now on, in place of [ReactorOptions.resolver]; Twisted's `installResolver`. It is for a resolver
     * that needs this reactor itself, such as a client of name servers.
     *
     * @return the resolver before, which still answers its pending look-ups
     */
    public fun installResolver(resolver: HostResolverFactory): HostResolver

    /**
     * This reactor, or the engine under it, as a [type]: a [Network][dev.torsion.spi.Network], for example, or the selector of `java.nio`.
     * Null when it is none. In Twisted a program asks whether a reactor provides an interface. On any thread.
     */
    @TorsionSpi
    public fun <T : Any> capability(type: Class<T>): T? = if (type.isInstance(this)) type.cast(this) else null

    public companion object {
        /** A new reactor on the platform's selector: epoll, kqueue or wepoll. */
        @JvmStatic
        @JvmOverloads
        public fun create(options: ReactorOptions = ReactorOptions()): Reactor = EngineReactor(options, nioEngine(options))

        /** The program's reactor. The first call makes it, unless another was [installed][install]. On any thread. */
        @JvmStatic
        @JvmName("getDefault")
        public fun default(): Reactor = DefaultReactor.get()

        /**
         * Makes [reactor] the [default]. For programs, before first use.
         *
         * @throws ReactorAlreadyInstalledException when there is a default already
         */
        @JvmStatic
        public fun install(reactor: Reactor): Unit = DefaultReactor.install(reactor)
    }
}
