// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.service

import dev.torsion.defer.DeferredCancelledException
import dev.torsion.defer.Failure
import dev.torsion.defer.Success
import dev.torsion.log.LogEvent
import dev.torsion.process.ProcessCommand
import dev.torsion.process.ProcessDone
import dev.torsion.process.ProcessEnd
import dev.torsion.process.ProcessNotStarted
import dev.torsion.process.ProcessProtocol
import dev.torsion.process.ProcessTerminated
import dev.torsion.service.MultiService
import dev.torsion.service.ProcessService
import dev.torsion.service.ProcessServiceOptions
import dev.torsion.service.startWith
import dev.torsion.testkit.CapturedLogs
import dev.torsion.testkit.MemoryProcess
import dev.torsion.testkit.MemoryReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.time.Duration

private val COMMAND = ProcessCommand.of("worker", "--quiet")
private val SECOND = Duration.ofSeconds(1)

private class Worker(private val ended: (ProcessEnd) -> Unit = {}) : ProcessProtocol() {
    override fun processEnded(reason: ProcessEnd) = ended(reason)
}

/** A process that is started again, on the virtual clock. */
class ProcessServiceSpec :
    StringSpec({
        fun withReactor(test: MemoryReactor.() -> Unit) = MemoryReactor().use { it.test() }

        fun logging(block: () -> Unit): List<LogEvent> = CapturedLogs.start().use { logs ->
            block()
            logs.flushLoggedErrors()
            logs.events()
        }

        fun MemoryReactor.runs() = processes.all

        fun MemoryReactor.newest(): MemoryProcess = processes.all.last()

        fun MemoryReactor.exit(code: Int) {
            newest().exit(code)
            flush()
        }

        fun MemoryReactor.service(
            command: ProcessCommand = COMMAND,
            options: ProcessServiceOptions = ProcessServiceOptions.DEFAULT,
            protocols: () -> ProcessProtocol = { Worker() },
        ) = ProcessService(this, command, options, protocols)

        fun MemoryReactor.started(
            options: ProcessServiceOptions = ProcessServiceOptions.DEFAULT,
            begin: (MemoryProcess) -> Unit = {
            },
        ): ProcessService {
            processes.add("worker") { begin(it) }
            return service(options = options).also {
                it.startService()
                flush()
            }
        }

        "one that has lived for the threshold is started again at once" {
            withReactor {
                val service = started()
                repeat(3) {
                    runFor(SECOND)
                    exit(it)
                    runs().size shouldBe it + 2
                    newest().isAlive shouldBe true
                }
                service.restarts shouldBe 3
                service.lastEnd?.exitCode shouldBe 2
                service.toString() shouldContain "worker --quiet, process "
                service.stopService()
                flush()
            }
        }

        "one that dies young is started again after a delay, which doubles up to a limit; a long life sets it back" {
            withReactor {
                val service = started(ProcessServiceOptions.DEFAULT.withMaxRestartDelay(Duration.ofSeconds(3)))
                for ((count, delay) in listOf(1000L, 2000L, 3000L, 3000L).withIndex()) {
                    exit(1)
                    service.toString() shouldContain "waiting"
                    runFor(Duration.ofMillis(delay - 1))
                    runs().size shouldBe count + 1
                    runFor(Duration.ofMillis(1))
                    runs().size shouldBe count + 2
                }
                runFor(SECOND)
                exit(1)
                runs().size shouldBe 6
                exit(1)
                runFor(Duration.ofMillis(999))
                runs().size shouldBe 6
                runFor(Duration.ofMillis(1))
                runs().size shouldBe 7
                service.stopService()
                flush()
            }
        }

        "a program that is not there is tried again with delays, and does not keep the loop busy" {
            withReactor {
                val service = service(options = ProcessServiceOptions.DEFAULT.withThreshold(Duration.ofNanos(1)))
                service.startService()
                flush()
                runFor(Duration.ofMillis(1 + 1000 + 2000 + 4000))
                runs().size shouldBe 4
                service.lastEnd.shouldBeInstanceOf<ProcessNotStarted>()
                processes.add("worker") {}
                runFor(Duration.ofSeconds(8))
                newest().isAlive shouldBe true
                service.stopService()
                flush()
            }
        }

        "a stop tells it to end, and waits" {
            withReactor {
                val service = started { it.onSignal("TERM") { it.later(SECOND) { it.exit(0) } } }
                val stopped = service.stopService().outcomes()
                flush()
                stopped.shouldBeEmpty()
                runFor(SECOND)
                stopped.shouldContainExactly(Success(Unit))
                newest().signals.shouldContainExactly("TERM")
                service.lastEnd.shouldBeInstanceOf<ProcessDone>()
                runFor(Duration.ofHours(1))
                runs().size shouldBe 1
            }
        }

        "one that does not end in its time is killed" {
            withReactor {
                processes.add("worker") { it.onSignal("TERM") {} }
                val service = service(COMMAND.withKillAfter(Duration.ofSeconds(3)))
                service.startService()
                flush()
                val stopped = service.stopService().outcomes()
                runFor(Duration.ofMillis(2999))
                stopped.shouldBeEmpty()
                runFor(Duration.ofMillis(1))
                stopped.shouldContainExactly(Success(Unit))
                newest().signals.shouldContainExactly("TERM", "KILL")
                (service.lastEnd as ProcessTerminated).signal shouldBe 9
            }
        }

        "one whose input is closed first has its time for that, then TERM and KILL" {
            withReactor {
                val options = ProcessServiceOptions.DEFAULT.withClosesInput(true)
                val polite = started(options) { process ->
                    process.onInput {}
                    process.onInputEnd { process.exit(0) }
                }
                val stopped = polite.stopService().outcomes()
                flush()
                stopped.shouldContainExactly(Success(Unit))
                newest().signals.shouldBeEmpty()
                val stubborn = started(options) { it.onSignal("TERM") {} }
                val killed = stubborn.stopService().outcomes()
                runFor(Duration.ofMillis(9_999))
                newest().signals.shouldContainExactly("TERM")
                killed.shouldBeEmpty()
                runFor(Duration.ofMillis(1))
                killed.shouldContainExactly(Success(Unit))
            }
        }

        "a stop while it waits, or before the process is there, ends at once and starts nothing" {
            withReactor {
                val service = started()
                exit(1)
                service.stopService().outcomes().shouldContainExactly(Success(Unit))
                runFor(Duration.ofHours(1))
                runs().size shouldBe 1
                service.startService()
                val stopped = service.stopService().outcomes()
                flush()
                stopped.shouldContainExactly(Success(Unit))
                service.lastEnd.shouldBeInstanceOf<ProcessNotStarted>()
                runFor(Duration.ofHours(1))
                runs().count { it.isAlive } shouldBe 0
            }
        }

        "a start during the stop waits for the end of the process: there is never more than one" {
            withReactor {
                val service = started { it.onSignal("TERM") { it.later(SECOND) { it.exit(0) } } }
                service.stopService()
                service.startService()
                flush()
                runs().size shouldBe 1
                runFor(SECOND)
                runs().size shouldBe 2
                runs().count { it.isAlive } shouldBe 1
                service.stopService()
                runFor(SECOND)
            }
        }

        "restart replaces it without a delay, and comes first when the service waits" {
            withReactor {
                val service = started()
                service.restart()
                flush()
                runs().size shouldBe 2
                runs()[0].signals.shouldContainExactly("TERM")
                exit(1)
                service.restart()
                flush()
                runs().size shouldBe 3
                runFor(Duration.ofHours(1))
                runs().size shouldBe 3
                service.stopService()
                flush()
                service.restart()
                flush()
                runs().size shouldBe 3
            }
        }

        "whenRunning gives the process that runs, or the next one, and ends with the service" {
            withReactor {
                processes.add("worker") {}
                val service = service()
                val first = service.whenRunning().outcomes()
                val cancelled = service.whenRunning()
                cancelled.addBoth { }
                cancelled.cancel()
                service.startService()
                first.shouldBeEmpty()
                flush()
                (first.single() as Success).value.pid() shouldBe newest().pid
                exit(1)
                val next = service.whenRunning().outcomes()
                next.shouldBeEmpty()
                runFor(SECOND)
                (next.single() as Success).value.pid() shouldBe newest().pid
                exit(1)
                val none = service.whenRunning().outcomes()
                service.stopService()
                (none.single() as Failure).value.shouldBeInstanceOf<DeferredCancelledException>()
                (service.whenRunning().outcomes().single() as Failure).value.shouldBeInstanceOf<DeferredCancelledException>()
            }
        }

        "a protocol that stops the service as its process ends is heard" {
            withReactor {
                processes.add("worker") {}
                lateinit var service: ProcessService
                val ends = ArrayList<Any>()
                service = service { Worker { service.stopService().addCallback { ends.add("stopped") } } }
                service.startService()
                flush()
                exit(1)
                ends.shouldContainExactly("stopped")
                runFor(Duration.ofHours(1))
                runs().size shouldBe 1
            }
        }

        "an exception of the protocols' maker is thrown by the start, and later counts as a failed start" {
            withReactor {
                processes.add("worker") {}
                var made = 0
                var failing = true
                val service = service {
                    made++
                    if (failing) error("no protocol")
                    Worker()
                }
                shouldThrow<IllegalStateException> { service.startService() }.message shouldBe "no protocol"
                service.isRunning shouldBe false
                failing = false
                service.startService()
                flush()
                failing = true
                logging {
                    exit(1)
                    runFor(SECOND)
                }.mapNotNull { it.throwable?.message }.shouldContainExactly("no protocol")
                made shouldBe 3
                failing = false
                runFor(Duration.ofSeconds(2))
                newest().isAlive shouldBe true
                service.stopService()
                flush()
            }
        }

        "what it writes is logged by lines, unless there is a protocol" {
            withReactor {
                processes.add("worker") {
                    it.print("one\ntw")
                    it.print("o\r\n\u001b[2J")
                    it.printError("oops")
                }
                val service = ProcessService(this, COMMAND)
                val said = logging {
                    service.startService()
                    flush()
                    exit(0)
                    service.stopService()
                    flush()
                }.map { it.message }.filter { it.startsWith("worker: ") }
                said.toSet() shouldBe setOf("worker: one", "worker: two", "worker: \\x1b[2J", "worker: oops")
            }
        }

        "several of them are a MultiService, which ends before the reactor" {
            val reactor = MemoryReactor()
            listOf("one", "two").forEach { name -> reactor.processes.add(name) {} }
            val all = MultiService()
            for (name in listOf("one", "two")) all.addService(ProcessService(reactor, ProcessCommand.of(name)))
            all.startWith(reactor)
            reactor.flush()
            reactor.processes.all.count { it.isAlive } shouldBe 2
            reactor.close()
            reactor.processes.all.count { it.isAlive } shouldBe 0
            reactor.processes.all.map { it.signals } shouldBe listOf(listOf("TERM"), listOf("TERM"))
        }

        "one that is not tied to its reactor ends with it, and is not started again" {
            val reactor = MemoryReactor()
            val service = reactor.started()
            reactor.close()
            (service.whenRunning().outcomes().single() as Failure).value.shouldBeInstanceOf<DeferredCancelledException>()
            reactor.processes.all.size shouldBe 1
        }

        "options that make no sense are refused" {
            val options = ProcessServiceOptions.DEFAULT
            shouldThrow<IllegalArgumentException> { options.withThreshold(Duration.ZERO) }
            shouldThrow<IllegalArgumentException> { options.withMinRestartDelay(Duration.ZERO) }
            shouldThrow<IllegalArgumentException> { options.withMaxRestartDelay(Duration.ofMillis(999)) }
        }
    })
