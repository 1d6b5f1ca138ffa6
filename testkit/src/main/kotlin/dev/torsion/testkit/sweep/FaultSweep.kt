// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.sweep

/**
 * Runs a program once for every fault at every point of it, and says what each fault leaves wrong.
 *
 * ```kotlin
 * FaultSweep("work") { run ->
 *     run.reactor.callWhenRunning {
 *         val work = run.track("work", run.reactor.deferToThread { run.call("work") { compute() } })
 *         work.addBoth { run.stop() }
 *     }
 * }.run().throwIfWrong()
 * ```
 *
 * The program runs on a [MemoryReactor][dev.torsion.testkit.MemoryReactor], so that all runs are alike up to the fault. A first run finds
 * the points: the [calls][SweepRun.call] of the program's code, and each call of the JDK or the kernel, which memory replaces (the selector,
 * channels, the resolver, threads, the clock). Then there is one run for each fault at each point. A call throws an exception, an `Error`,
 * a cancellation, or an exception that cannot even be described. The kernel is out of descriptors, or has lost a connection. The reactor is
 * stopped, crashed or interrupted. Work that is under way is cancelled. A connection is closed, aborted, half-closed or reset.
 *
 * These must hold after each run: The reactor has ended as a whole. Everything that had [begun][SweepRun.begun] has ended once. Nothing is
 * open and nothing of the library waits: channels, ports, timers, Deferreds, futures, coroutines. The injected error was reported once or
 * handed to the program, and no other error has come up. A program that does not stop by itself is stopped after two minutes of virtual
 * time; one that has crashed runs again.
 *
 * To do a single run, set the system property [PROPERTY] to the name that the report gives it. The report then says where the fault was.
 *
 * Thread: any; each run has one of its own. While a sweep runs, nobody else hears what is logged through
 * [LogPublisher.global][dev.torsion.log.LogPublisher.global].
 *
 * @param name what the reports call the program
 */
public class FaultSweep(private val name: String, private val program: SweepProgram) {
    private val only = System.getProperty(PROPERTY)?.let { if (it.startsWith("$name/")) it.removePrefix("$name/") else "" }

    /** Runs it all. @throws AssertionError when the program fails without any fault */
    public fun run(): SweepReport = Witness().use { witness ->
        val first = SweptRun(program, null, witness)
        val wrong = first.run()
        if (wrong.isNotEmpty()) throw AssertionError("$name is wrong without any fault:\n${wrong.joinToString("\n") { "  - $it" }}")
        val plans = first.points.flatMap(::plans).filter { only == null || it.toString() == only }
        SweepReport(name, first.points.size, plans.size, plans.mapNotNull { failure(it, witness) })
    }

    private fun failure(plan: Plan, witness: Witness): SweepFailure? {
        val run = SweptRun(program, plan, witness)
        val wrong = run.run()
        if (wrong.isEmpty()) return null
        return SweepFailure(
            plan,
            if (only ==
                null
            ) {
                wrong
            } else {
                wrong + "the fault was at:${run.site.joinToString("") { "\n        at $it" }}"
            },
        )
    }

    private fun plans(point: Point): List<Plan> {
        val hits = point.connections.flatMap { connection -> OF_CONNECTIONS.map { Hit(it, connection) } }
        val faults =
            when {
                point.kind == Kind.SYSTEM && point.name == "select" ->
                    Thrown.ofSystem(point.name) + Act.INTERRUPT + hits.filter { it.how == Hit.How.RESET }
                point.kind == Kind.SYSTEM -> Thrown.ofSystem(point.name)
                point.kind == Kind.STAGE -> Thrown.OF_USERS - Thrown.UNSPEAKABLE + Act.STOP
                point.isOnLoop -> Thrown.OF_USERS + Act.entries + point.flying.map { Hit(Hit.How.CANCEL, it) } + hits
                else -> Thrown.OF_USERS + Act.STOP + Act.INTERRUPT
            }
        return faults.map { Plan(point, it) }
    }

    public companion object {
        /** The name of the system property that chooses one run. */
        public const val PROPERTY: String = "torsion.sweep"

        private val OF_CONNECTIONS = Hit.How.entries - Hit.How.CANCEL
    }
}

/** The findings of a [FaultSweep]. Immutable. */
public class SweepReport internal constructor(
    private val program: String,
    /** How many points the program has. */
    public val points: Int,
    /** How many runs there were. */
    public val runs: Int,
    private val failed: List<SweepFailure>,
) {
    /** How many runs have left something wrong. */
    public val failures: Int get() = failed.size

    /** @throws AssertionError when some runs have left something wrong */
    public fun throwIfWrong() {
        if (failed.isNotEmpty()) throw AssertionError(toString())
    }

    /** The problems, each kind of fault at each kind of place once. */
    override fun toString(): String {
        val kinds = failed.groupBy { it.kind() }
        val text = kinds.values.joinToString("") { alike ->
            val one = alike.first()
            "\n  ${one.plan.point.name}: ${one.plan.fault.word}${if (alike.size > 1) " (and ${alike.size - 1} alike)" else ""}" +
                one.wrong.joinToString("") { "\n    - $it" } +
                "\n    alone: -D${FaultSweep.PROPERTY}=\"$program/${one.plan}\""
        }
        return "$program: ${failed.size} of $runs runs with a fault at one of $points points have left something wrong$text"
    }
}

/** One run that has left something [wrong]. */
internal class SweepFailure(val plan: Plan, val wrong: List<String>) {
    fun kind() = plan.point.name + plan.fault.word.substringBefore('#') + wrong.joinToString().replace(NUMBERS, "")

    private companion object {
        val NUMBERS = Regex("""@[0-9a-f]+|0x[0-9a-f]+|\d+""")
    }
}
