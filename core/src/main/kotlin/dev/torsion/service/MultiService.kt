// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.service

import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredList
import dev.torsion.defer.Failure
import dev.torsion.defer.succeed
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.safeString

/**
 * Several services that start and stop together; Twisted's `MultiService`. It is a service itself, so they form a tree.
 *
 * ```kotlin
 * val program = MultiService()
 * program.addService(StreamServerEndpointService(serverFromString(reactor, "tcp:8007"), Factory { Echo() }))
 * program.addService(TimerService(reactor, 10.seconds) { log.info("alive") })
 * program.runUntilStopped(reactor)
 * ```
 *
 * They start in the order in which they were added. When one throws, the services before it are stopped again, and the exception goes on.
 * (In Twisted they go on running.)
 *
 * They stop in reverse order. Each is told to stop without waiting for the one before, and this service has stopped when all of them have.
 * When one fails, the others stop all the same. At the end the Deferred fails with one [ServiceStopException] for all failures.
 *
 * Thread: the reactor's.
 */
public class MultiService : Service() {
    private val children = ArrayList<Service>()

    /** The services, in the order in which they were added; a copy. */
    public val services: List<Service> get() = children.toList()

    /**
     * The service with this [name].
     *
     * @throws NoSuchElementException when there is none
     */
    public fun getServiceNamed(name: String): Service = children.firstOrNull { it.name == name }
        ?: throw NoSuchElementException("$this has no service \"$name\"; it has ${children.mapNotNull { it.name }}")

    /**
     * Adds [service], and starts it when this service runs. If the start throws, it is not added.
     *
     * @throws IllegalStateException when it has a parent already, is above this service in the tree, or when another one has its name
     */
    public fun addService(service: Service) {
        check(service.parent == null) { "${safeString(service)} belongs to ${service.parent} already: remove it there first" }
        check(generateSequence<Service>(this) { it.parent }.none { it === service }) { "$this is part of ${safeString(service)}" }
        check(service.name == null || children.none { it.name == service.name }) { "$this has a service \"${service.name}\" already" }
        children.add(service)
        service.parent = this
        if (!isRunning || service.isRunning) return
        try {
            service.startService()
        } catch (e: Throwable) {
            forget(service)
            throw e
        }
    }

    /**
     * Takes [service] out, and stops it when this service runs. The Deferred fires when it has stopped, at once when it did not have to.
     *
     * @throws IllegalArgumentException when it is not here
     */
    public fun removeService(service: Service): Deferred<Unit> {
        require(service.parent === this) { "$this does not have ${safeString(service)}" }
        forget(service)
        return if (isRunning) service.stopService() else succeed(Unit)
    }

    private fun forget(service: Service) {
        children.removeIf { it === service }
        service.parent = null
    }

    override fun onStart() {
        val started = ArrayList<Service>()
        try {
            // One may add others while it starts, and those are started then.
            var next = 0
            while (next < children.size) {
                val child = children[next++]
                if (child.isRunning) continue
                child.startService()
                started.add(child)
            }
        } catch (e: Throwable) {
            stopAll(started).addErrback {
                log.failure(
                    "{service} could not be started, and some of it not be stopped again",
                    it.value,
                    LogKeys.SERVICE to safeString(this),
                )
            }
            throw e
        }
    }

    override fun onStop(): Deferred<*> = stopAll(children.toList())

    private fun stopAll(services: List<Service>): Deferred<Unit> {
        val reversed = services.asReversed()
        return DeferredList(reversed.map { it.stopService() }, consumeErrors = true).addCallback { outcomes ->
            val failures = reversed.zip(outcomes).mapNotNull { (service, outcome) -> (outcome as? Failure)?.let { service to it.value } }
            if (failures.isNotEmpty()) throw ServiceStopException(failures.toMap())
        }
    }

    override fun toString(): String = "${title()}(${children.size} services, ${if (isRunning) "running" else "stopped"})"

    private companion object {
        val log = Logger(MultiService::class.java)
    }
}

/**
 * Some services of a [MultiService] failed while they stopped. All others have stopped. The first failure is also the cause, and the others
 * are suppressed exceptions.
 */
public class ServiceStopException internal constructor(
    /** Their failures, in the order in which they were stopped. */
    public val failures: Map<Service, Throwable>,
) : RuntimeException(
    failures.entries.joinToString("; ", "failed while stopping: ") { (service, error) -> "${safeString(service)}: ${safeString(error)}" },
    failures.values.first(),
) {
    init {
        failures.values.drop(1).forEach(::addSuppressed)
    }
}
