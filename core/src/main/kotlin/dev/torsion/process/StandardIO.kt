// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import dev.torsion.net.HalfCloseableTransport
import dev.torsion.net.PipeAddress
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.reactor.Reactor
import dev.torsion.stream.StreamLoop
import dev.torsion.stream.StreamTransport
import java.io.InputStream
import java.io.OutputStream

/**
 * Standard input and output as a connection; Twisted's `StandardIO`. A console client reads what a person types without blocking the loop.
 *
 * ```kotlin
 * StandardIO.open(reactor, Console())
 * ```
 *
 * It works with a terminal, a pipe, a file, and with streams that are closed. The end of the input ends the connection, unless the protocol is a
 * [HalfCloseableProtocol][dev.torsion.net.HalfCloseableProtocol]. [HalfCloseableTransport.loseWriteConnection] and the end of the connection
 * close standard output, after all that was written: the reader at the other end of the pipe sees that. `System.out` prints nowhere then.
 *
 * A daemon thread reads, one piece at a time, and another one writes. A read that waits for somebody to type cannot be ended. When the
 * connection ends before, what that read brings is kept for the next [open].
 */
public object StandardIO {
    /**
     * Connects [protocol] to standard input and output, and tells it so before this returns. One connection at a time may have them.
     *
     * Thread: the reactor's.
     *
     * @throws IllegalStateException when another connection has them
     * @throws UnsupportedOperationException when this reactor has no network
     * @throws dev.torsion.loop.ReactorNotRunningException when the reactor is ending, or has ended
     */
    @JvmStatic
    @JvmOverloads
    public fun open(reactor: Reactor, protocol: Protocol, options: StreamOptions = StreamOptions.DEFAULT): HalfCloseableTransport {
        val loop = loopOf(reactor)
        return connect(loop, protocol, StandardInput.open(), StandardDescriptors.output(), options)
    }

    /** The same with other streams that block, which are closed at the end: those of a serial line, for example. */
    @JvmStatic
    @JvmOverloads
    public fun open(
        reactor: Reactor,
        protocol: Protocol,
        input: InputStream,
        output: OutputStream,
        options: StreamOptions = StreamOptions.DEFAULT,
    ): HalfCloseableTransport = connect(loopOf(reactor), protocol, input, output, options)

    private fun loopOf(reactor: Reactor): StreamLoop {
        val loop = reactor.streamNetwork ?: throw UnsupportedOperationException("$reactor has no network")
        loop.checkThread("StandardIO")
        loop.checkTakesNew()
        return loop
    }

    @JvmSynthetic
    internal fun connect(
        loop: StreamLoop,
        protocol: Protocol,
        input: InputStream,
        output: OutputStream,
        options: StreamOptions,
        threads: PipeThreads = PipeThreads.DAEMONS,
    ): HalfCloseableTransport {
        val address = PipeAddress("stdio")
        val writing = PipeOutput(loop, "${loop.name}-stdout", threads)
        val reading = PipeInput(loop, "${loop.name}-stdin", threads)
        val channel =
            object : PipeChannel(loop, reading, writing, address, address) {
                override fun startInput(pipe: PipeSource, reader: PipeSource.Reader) {
                    pipe.start(reader)
                    reading.open(input)
                }
            }
        writing.open(output)
        try {
            return StreamTransport.over(loop, channel, options).also { it.start(protocol) }
        } catch (e: Throwable) { // there is no thread: the streams stay the caller's
            loop.streams.remove(channel)
            if (input is SharedInput.Stream) input.close()
            throw e
        }
    }
}
