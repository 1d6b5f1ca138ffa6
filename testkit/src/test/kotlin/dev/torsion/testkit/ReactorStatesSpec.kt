// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.loop.ThreadPoolStoppedException
import dev.torsion.name.HostResolver
import dev.torsion.net.CannotConnectException
import dev.torsion.net.CloseReason
import dev.torsion.net.Connector
import dev.torsion.net.Protocol
import dev.torsion.reactor.Phase
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorAlreadyRunningException
import dev.torsion.reactor.ReactorNotRestartableException
import dev.torsion.reactor.SystemEvent
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import java.time.Duration
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread
import dev.torsion.defer.Deferred as TorsionDeferred
import dev.torsion.net.ClientFactory as TorsionClientFactory
import dev.torsion.net.Factory as TorsionFactory

/**
 * Every operation in every state of a reactor, real and in memory: what it answers, and that nothing is open and nobody waits once the
 * reactor has ended.
 */
class ReactorStatesSpec :
    StringSpec({
        fun answersOf(make: () -> Subject) {
            for ((operation, answers) in answers()) {
                for ((state, answer) in answers) {
                    withClue("$operation when $state") {
                        val subject = make()
                        subject.perform(operation, state) shouldBe answer
                        subject.finish()
                        subject.complaints().shouldBeEmpty()
                    }
                }
            }
        }

        "every operation in every state of the real reactor" { answersOf { RealSubject() } }

        "every operation in every state of the reactor in memory" { answersOf { MemorySubject() } }
    })

private enum class At { NEW, STARTING, RUNNING, STOPPING, ENDING, CRASHED, ENDED }

// idle: the reactor does not run; loop: it runs already; over: it never runs again; inside: a callback cannot do this.
private const val ANSWERS = """
                  NEW   STARTING  RUNNING  STOPPING  ENDING  CRASHED  ENDED
listen            ok    ok        ok       ok        idle    ok       idle
connect           ok    ok        ok       ok        idle    ok       idle
callLater         ok    ok        ok       ok        ok      ok       ok
callWhenRunning   ok    ok        ok       ok        ok      ok       ok
callFromThread    ok    ok        ok       ok        ok      ok       idle
callInThread      ok    ok        ok       ok        ok      ok       pool
deferToThread     ok    ok        ok       ok        ok      ok       pool
lookUp            ok    ok        ok       ok        idle    ok       idle
installResolver   ok    ok        ok       ok        ok      ok       ok
trigger           ok    ok        ok       ok        ok      ok       ok
fire              ok    ok        ok       ok        ok      ok       ok
launch            ok    ok        ok       ok        ok      ok       ok
dispatch          ok    ok        ok       ok        ok      ok       ok
start             ok    loop      loop     loop      over    ok       over
run               ok    loop      loop     loop      over    ok       over
iterate           ok    inside    inside   inside    inside  ok       over
stop              idle  ok        ok       idle      idle    idle     idle
stopFromThread    ok    ok        ok       ok        ok      ok       ok
crash             idle  ok        ok       ok        ok      idle     idle
crash-and-run     idle  loop      loop     over      over    idle     idle
stopAndJoin       ok    inside    inside   inside    inside  ok       ok
"""

private fun answers(): Map<String, List<Pair<At, String>>> = ANSWERS.lines().filter { it.isNotBlank() }.drop(1).associate { line ->
    val words = line.split(Regex(" +"))
    words[0] to At.entries.zip(words.drop(1))
}

/** A reactor that is brought into a state. */
private abstract class Subject(val reactor: Reactor, val errors: MutableList<Throwable>) {
    private val held = TorsionDeferred<Unit>()
    private val stops = AtomicInteger()
    private val factoriesStarted = AtomicInteger()
    private val told = CopyOnWriteArrayList<String>()
    private val waiters = ArrayList<Thread>()
    private val expected = ArrayList<() -> String?>()

    /** Has it run on a thread of its own, or lets it begin here. */
    protected abstract fun begin()

    /** Waits until [event] is there. */
    protected abstract fun await(event: CountDownLatch)

    protected abstract fun end()

    /** The answer of [operation] at [state]. */
    fun perform(operation: String, state: At): String {
        var answer = ""
        val done = CountDownLatch(1)
        val act = {
            answer = answerOf { perform(operation) }
            done.countDown()
        }
        reactor.addSystemEventTrigger(Phase.AFTER, SystemEvent.SHUTDOWN) { stops.incrementAndGet() }
        when (state) {
            At.NEW -> act()
            At.STARTING -> {
                reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.STARTUP) { TorsionDeferred<Unit>() }
                begin()
                reactor.callFromThread(act)
            }
            At.RUNNING -> {
                begin()
                reactor.callFromThread(act)
            }
            At.STOPPING -> {
                reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) {
                    reactor.callFromThread(act)
                    held
                }
                begin()
                reactor.stopFromThread()
            }
            At.ENDING -> {
                reactor.addSystemEventTrigger(Phase.AFTER, SystemEvent.SHUTDOWN, { act() })
                begin()
                reactor.stopFromThread()
            }
            At.CRASHED -> {
                reactor.callWhenRunning(reactor::crash)
                reactor.run()
                act()
            }
            At.ENDED -> {
                reactor.callWhenRunning(reactor::stop)
                reactor.run()
                act()
            }
        }
        await(done)
        return answer
    }

    private fun answerOf(call: () -> Unit): String = try {
        call()
        "ok"
    } catch (e: Throwable) {
        when (e) {
            is ReactorNotRunningException -> "idle"
            is ReactorAlreadyRunningException -> "loop"
            is ReactorNotRestartableException -> "over"
            is ThreadPoolStoppedException -> "pool"
            is IllegalStateException -> "inside"
            else -> e.toString()
        }
    }

    private fun perform(operation: String) {
        when (operation) {
            "listen" -> listen()
            "connect" -> connect()
            "callLater" -> reactor.callLater(1, TimeUnit.HOURS) { told.add("a call came early") }
            "callWhenRunning" -> reactor.callWhenRunning {}
            "callFromThread" -> happens("a call that was handed over") { reactor.callFromThread(it) }
            "callInThread" -> happens("the work for a thread") { reactor.callInThread(it) }
            "deferToThread" -> happens("deferred work") { work -> reactor.deferToThread { work.run() } }
            "lookUp" -> lookUp()
            "installResolver" -> reactor.installResolver(reactor.installResolver(HostResolver.fixed(emptyMap())))
            "trigger" -> reactor.addSystemEventTrigger(Phase.DURING, SystemEvent.SHUTDOWN) {}
            "fire" -> reactor.fireSystemEvent("own")
            "launch" -> launch()
            "dispatch" -> dispatch()
            "start" -> reactor.start()
            "run" -> run()
            "iterate" -> reactor.iterate()
            "stop" -> reactor.stop()
            "stopFromThread" -> reactor.stopFromThread()
            "crash" -> reactor.crash()
            "crash-and-run" -> {
                reactor.crash()
                reactor.run()
            }
            "stopAndJoin" -> check(reactor.stopAndJoin(DEADLINE)) { "it has not ended" }
            else -> throw AssertionError("unknown operation $operation")
        }
    }

    private fun happens(what: String, ask: (Runnable) -> Unit) {
        val count = AtomicInteger()
        ask { count.incrementAndGet() }
        expected.add { if (count.get() == 1) null else "$what happened ${count.get()} times" }
    }

    private fun listen() {
        val port = reactor.listenTcp(0, CountingFactory(), "127.0.0.1")
        expected.add { if (port.isListening) "$port is open" else null }
    }

    private fun connect() {
        val factory = CountingClientFactory()
        val connector = reactor.connectTcp("127.0.0.1", 1, factory)
        expected.add { if (connector.state == Connector.State.DISCONNECTED) null else "$connector is not over" }
        expected.add { if (factory.ends == 1) null else "the attempt has ${factory.ends} ends" }
    }

    private fun lookUp() {
        var error: Throwable? = null
        reactor.lookUp("127.0.0.1").addErrback {
            error = it.value
            emptyList()
        }
        error?.let { throw it }
    }

    private fun launch() {
        val job = reactor.scope.launch { delay(HOUR) }
        expected.add { if (job.isCompleted) null else "a coroutine goes on" }
    }

    private fun dispatch() {
        waiters +=
            thread {
                runBlocking {
                    try {
                        withContext(reactor.dispatcher) { delay(HOUR) }
                        told.add("a delay came early")
                    } catch (_: CancellationException) {
                        // as it should be
                    }
                }
            }
    }

    private fun run() {
        if (!reactor.isRunning) runCatching { reactor.callFromThread(reactor::stopFromThread) }
        reactor.run()
    }

    fun finish() {
        runCatching { reactor.callFromThread { if (!held.called) held.callback(Unit) } }
        end()
    }

    /** The parts that are not as they must be after the end. */
    fun complaints(): List<String> {
        waiters.forEach { it.join(DEADLINE.toMillis()) }
        return expected.mapNotNull { it() } + told + waiters.filter { it.isAlive }.map { "a thread waits for the dispatcher" } +
            errors.map { "reported: $it" } +
            listOfNotNull(
                "it runs".takeIf { reactor.isRunning },
                "$reactor".takeIf { "ended" !in it },
                "${factoriesStarted.get()} factories were not stopped".takeIf { factoriesStarted.get() != 0 },
                "the shutdown ran ${stops.get()} times".takeIf { stops.get() > 1 },
            )
    }

    private inner class CountingFactory : TorsionFactory({ object : Protocol() {} }) {
        override fun startFactory() {
            factoriesStarted.incrementAndGet()
        }

        override fun stopFactory() {
            factoriesStarted.decrementAndGet()
        }
    }

    private inner class CountingClientFactory : TorsionClientFactory({ object : Protocol() {} }) {
        var ends = 0

        override fun clientConnectionFailed(connector: Connector, reason: CannotConnectException) {
            ends++
        }

        override fun clientConnectionLost(connector: Connector, reason: CloseReason) {
            ends++
        }

        override fun startFactory() {
            factoriesStarted.incrementAndGet()
        }

        override fun stopFactory() {
            factoriesStarted.decrementAndGet()
        }
    }

    protected companion object {
        val DEADLINE: Duration = Duration.ofSeconds(20)
        const val HOUR = 3_600_000L
    }
}

private fun noting(errors: MutableList<Throwable>) =
    dev.torsion.reactor.ReactorOptions(blockedThreshold = Duration.ZERO, errorListener = { _, error -> errors.add(error) })

private class RealSubject private constructor(errors: MutableList<Throwable>) : Subject(Reactor.create(noting(errors)), errors) {
    constructor() : this(CopyOnWriteArrayList())

    override fun begin() = reactor.start()

    override fun await(event: CountDownLatch) = check(event.await(DEADLINE.seconds, TimeUnit.SECONDS)) { "waited in vain" }

    override fun end() {
        if (reactor.isInReactorThread) {
            if (reactor.isRunning) reactor.stop()
            while (reactor.isInReactorThread) reactor.iterate()
        }
        check(reactor.stopAndJoin(DEADLINE)) { "$reactor has not ended" }
    }
}

private class MemorySubject private constructor(private val memory: MemoryReactor, errors: MutableList<Throwable>) :
    Subject(memory, errors) {
    constructor(errors: MutableList<Throwable> = ArrayList()) : this(MemoryReactor { _, error -> errors.add(error) }, errors)

    override fun begin() = memory.start()

    override fun await(event: CountDownLatch) {
        memory.flush()
        check(event.count == 0L) { "it has not happened" }
    }

    override fun end() = memory.close()
}
