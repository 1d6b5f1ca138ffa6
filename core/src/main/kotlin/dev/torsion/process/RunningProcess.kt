// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import dev.torsion.log.safeText
import dev.torsion.loop.guarded
import dev.torsion.loop.reportFailure
import dev.torsion.net.CloseReason
import dev.torsion.net.PipeAddress
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.net.Transport
import dev.torsion.stream.EndsWithLoop
import dev.torsion.stream.StreamLoop
import dev.torsion.stream.StreamTransport
import java.io.IOException
import java.nio.ByteBuffer

/** A process with its [protocol]: its pipes, its exit, and who is told of them when. Thread: the loop's. */
internal class RunningProcess(
    private val loop: StreamLoop,
    private val protocol: ProcessProtocol,
    private val command: ProcessCommand,
    options: StreamOptions,
    private val child: ChildProcess,
) : ProcessTransport,
    EndsWithLoop,
    ChildProcess.Owner {
    private val input: StreamTransport
    private val inputChannel: PipeChannel
    private var isStarted = false
    private var isInputOpen = true
    private var isOutputOpen = true
    private var isErrorOpen = true
    private var isOutputUnwanted = false
    private var isErrorUnwanted = false
    private var exit: ProcessEnd? = null
    private var isEnded = false

    init {
        val address = PipeAddress("process ${command.name}")
        inputChannel = PipeChannel(loop, null, child.stdin, PipeAddress("reactor"), address)
        input = StreamTransport.over(loop, inputChannel, options)
    }

    fun start() {
        loop.streams.add(this)
        try {
            child.start(this)
        } catch (e: Throwable) { // there is no thread for it
            loop.streams.remove(this)
            throw e
        }
        input.start(Input())
    }

    // Events of the child.

    override fun started() {
        isStarted = true
        child.stdout.start(Output())
        calling("connectionMade") { protocol.makeConnection(this) }
        child.stderr.start(Errors())
        if (isOutputUnwanted) loop.runSoon(::outputEnded)
        if (isErrorUnwanted) loop.runSoon(::errorsEnded)
    }

    override fun notStarted(cause: Throwable) {
        if (isEnded) return
        exit = ProcessNotStarted(command, cause)
        isOutputOpen = false
        isErrorOpen = false
        inputChannel.outputBroken(IOException("The process was not started.", cause))
        endIfAllIsOver()
    }

    override fun exited(code: Int) {
        if (isEnded) return
        val reason = endOf(code)
        exit = reason
        calling("processExited") { protocol.processExited(reason) }
        inputChannel.outputBroken(IOException("The process has ended."))
        endIfAllIsOver()
    }

    private inner class Input : Protocol() {
        override fun connectionLost(reason: CloseReason) {
            isInputOpen = false
            if (isStarted && !isEnded) calling("inConnectionLost") { protocol.inConnectionLost() }
            endIfAllIsOver()
        }

        override fun logPrefix() = "the input of $command"
    }

    private inner class Output : PipeSource.Reader {
        override fun received(view: ByteBuffer) = calling("outReceived") { protocol.outReceived(view) }

        override fun ended(cause: IOException?) = outputEnded()
    }

    private fun outputEnded() {
        if (!isOutputOpen) return
        isOutputOpen = false
        calling("outConnectionLost") { protocol.outConnectionLost() }
        endIfAllIsOver()
    }

    private inner class Errors : PipeSource.Reader {
        override fun received(view: ByteBuffer) = calling("errReceived") { protocol.errReceived(view) }

        override fun ended(cause: IOException?) = errorsEnded()
    }

    private fun errorsEnded() {
        if (!isErrorOpen) return
        isErrorOpen = false
        calling("errConnectionLost") { protocol.errConnectionLost() }
        endIfAllIsOver()
    }

    private fun endIfAllIsOver() {
        val reason = exit ?: return
        if (!isInputOpen && !isOutputOpen && !isErrorOpen) ended(reason)
    }

    private fun ended(reason: ProcessEnd) {
        if (isEnded) return
        isEnded = true
        loop.streams.remove(this)
        loop.guarded({ "processEnded of ${name()}" }) { protocol.processEnded(reason) }
    }

    /** Calls the protocol; its exception is reported, and the process killed. */
    private inline fun calling(what: String, call: () -> Unit) {
        try {
            call()
        } catch (e: Throwable) {
            child.end(isForced = true)
            loop.reportFailure(e) { "$what of ${name()}" }
        }
    }

    private fun name() = safeText(protocol, "logPrefix") { protocol.logPrefix() }

    /** Its input gets what was written. It is told to end after that. */
    override fun loopEnding() = Unit

    /** Its end waits for nobody, and everybody is told. */
    override fun loopEnded() {
        if (isEnded) return
        if (exit == null && !command.leavesRunning) child.end(isForced = false)
        if (exit == null && !isStarted) child.end(isForced = true)
        input.loopEnded()
        child.stdout.close()
        child.stderr.close()
        if (isStarted) {
            outputEnded()
            errorsEnded()
        }
        ended(exit ?: ProcessLeft())
    }

    // Requests of the protocol.

    override fun pid(): Long = checkNotNull(child.pid) { "the process \"$command\" is not started yet" }

    override fun stdin(): Transport = input

    override fun closeStdout() {
        loop.checkThread("closeStdout")
        isOutputUnwanted = true
        child.stdout.close()
        if (isStarted) loop.runSoon(::outputEnded)
    }

    override fun closeStderr() {
        loop.checkThread("closeStderr")
        isErrorUnwanted = true
        child.stderr.close()
        if (isStarted) loop.runSoon(::errorsEnded)
    }

    override fun loseConnection() {
        closeStdin()
        closeStdout()
        closeStderr()
    }

    override fun signalProcess(signal: String) = loop.run {
        checkThread("signalProcess")
        if (exit != null) throw ProcessExitedAlreadyException()
        val name = signal.removePrefix("SIG")
        require(SIGNAL.matches(name)) { "\"$signal\" is no signal" }
        child.signal(name)
    }

    override fun pauseProducing() = reading(false)

    override fun resumeProducing() = reading(true)

    private fun reading(on: Boolean) {
        loop.checkThread(if (on) "resumeProducing" else "pauseProducing")
        child.stdout.reading(on)
        child.stderr.reading(on)
    }

    override fun toString(): String {
        val state = when {
            isEnded -> "ended"
            exit != null -> "exited"
            isStarted -> "running"
            else -> "starting"
        }
        return "Process($child, $state)"
    }

    private companion object {
        val SIGNAL = Regex("[A-Z0-9+]+")
    }
}
