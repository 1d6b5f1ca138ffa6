// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import dev.torsion.defer.Deferred
import dev.torsion.spi.TorsionSpi
import dev.torsion.stream.StreamLoop
import java.io.IOException
import java.nio.ByteBuffer

/** Makes the processes of a reactor that has this capability. All others have those of the machine. Thread: the loop's. */
@TorsionSpi
public fun interface ProcessMaker {
    /** A process for [command] that is not started. */
    public fun make(loop: StreamLoop, command: ProcessCommand): ChildProcess
}

/**
 * A process below its protocol: three pipes, and an exit. It knows no rules: who is told of what when is [spawnProcess]'s own affair.
 *
 * A caller that gives it up by [end] while it is being started hears [Owner.notStarted], and it is killed as soon as it is there.
 *
 * Thread: the loop's.
 */
@TorsionSpi
public interface ChildProcess {
    /** The stream of its input. */
    public val stdin: PipeSink

    /** The stream of its output. */
    public val stdout: PipeSource

    /** The stream of its errors. */
    public val stderr: PipeSource

    /** Its number, from [Owner.started] on. */
    public val pid: Long?

    /** Its exit code, once it has exited. */
    public val exitCode: Int?

    /** Hears of it, in later turns. Thread: the loop's. */
    public interface Owner {
        /** It runs. The owner starts both [PipeSource]s. */
        public fun started()

        /** There is none, and nothing of it is left. */
        public fun notStarted(cause: Throwable)

        /** It has exited. Comes once. */
        public fun exited(code: Int)
    }

    /** Begins to start it. [owner] hears only the exception of this. */
    public fun start(owner: Owner)

    /** It is not wanted any more, started or not: it is killed when [isForced], otherwise told to end, and killed if it has not after a while. */
    public fun end(isForced: Boolean)

    /** Sends the signal [name], such as `TERM`, to a process that has not exited; see [ProcessTransport.signalProcess]. */
    public fun signal(name: String): Deferred<Unit>
}

/** A pipe that is read. It holds little: what nobody reads stays with the writer. Thread: the loop's. */
@TorsionSpi
public interface PipeSource {
    /** Hears of the bytes. Thread: the loop's. */
    public interface Reader {
        /** The most bytes that [received] may bring now; 0 for none, until reading is switched on again. */
        public fun receiveLimit(): Int = Int.MAX_VALUE

        /** [view] is read-only, and good during this call only. */
        public fun received(view: ByteBuffer)

        /** The stream has ended, with [cause] when it broke. Comes once, behind the last bytes. */
        public fun ended(cause: IOException?)
    }

    /** Begins: [reader] hears of what comes from now on. */
    public fun start(reader: Reader)

    /** Whether to hand out what comes. */
    public fun reading(on: Boolean)

    /** Ends it. Nothing more is told. */
    public fun close()
}

/** A pipe that is written to. It takes a piece, and says when there is room again. Thread: the loop's. */
@TorsionSpi
public interface PipeSink {
    /** Hears of the writing. Thread: the loop's. */
    public interface Writer {
        /** There is room, where there was none; or something was written. */
        public fun hasRoom()

        /** All is written, and the stream is closed, with [cause] when that failed. Or it broke, also before anybody wanted its end. */
        public fun ended(cause: IOException?)
    }

    /** Begins: [writer] hears of it. */
    public fun start(writer: Writer)

    /** Whether [send] would take something. */
    public val hasRoom: Boolean

    /** Takes as much of [data] as there is room for. */
    public fun send(data: ByteBuffer): Int

    /** Whether it is a failure that bytes which are taken from now on cannot be written; it is at first. */
    public fun owed(isOwed: Boolean) {}

    /** Closes the stream behind all that was taken; [Writer.ended] follows. */
    public fun finish()

    /** Ends it now: bytes that were taken are dropped, except those that are being written. Nothing more is told. */
    public fun close()

    /** There is nobody who reads any more, whatever was read: [Writer.ended] is called with [cause]. */
    public fun broken(cause: IOException)

    /** The reader has gone: [Writer.ended] follows, with [cause] when something was taken that it has not got. */
    public fun readerGone(cause: IOException)
}
