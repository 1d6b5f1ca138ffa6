// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.cred.InMemoryChecker
import dev.torsion.cred.Login
import dev.torsion.cred.Portal
import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.defer.succeed
import dev.torsion.testsupport.withRealReactor
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.file.Files
import java.util.concurrent.TimeUnit

/** Buildbot's worker, a program of others, logs in to a small master of ours and builds something. */
class BuildbotSpec :
    FunSpec({
        test("a worker logs in, tells what it can, keeps alive, and runs a command").config(enabledOrReasonIf = { workerIsHere }) {
            val directory = Files.createTempDirectory("worker")
            try {
                withRealReactor {
                    val master = Master()
                    val portal = Portal(master::requestAvatar, InMemoryChecker().addUser("worker1", "secret"))
                    val port = listenTcp(0, PBServerFactory(portal), "127.0.0.1")
                    val made = worker("create-worker", "--keepalive=1", "$directory", "127.0.0.1:${port.port()}", "worker1", "secret")
                    check(made.waitFor(30, TimeUnit.SECONDS) && made.exitValue() == 0) {
                        "the worker cannot be created: ${made.inputReader().readText()}"
                    }
                    val process = worker("start", "--nodaemon", "$directory")
                    try {
                        val bot = master.attached.await()
                        bot.callRemote("print", "hello from the master").await()
                        val commands = bot.ask<Map<String, String>>("getCommands")
                        listOf("shell", "mkdir", "uploadFile").forEach { commands.keys shouldContain it }
                        val info = bot.ask<Map<String, Any?>>("getWorkerInfo")
                        info["version"] shouldBe bot.callRemote("getVersion").await()
                        val builders = bot.callRemote("setBuilderList", listOf(listOf("builder", "build"))).await() as Map<*, *>
                        val builder = builders["builder"] as RemoteReference
                        builder.callRemote("setMaster", RemoteMethods.create().referenceable()).await()
                        builder.callRemote("startBuild").await()
                        val command = Command()
                        val arguments =
                            mapOf(
                                "command" to listOf("/bin/echo", "built"),
                                "workdir" to ".",
                                "want_stdout" to 1,
                                "want_stderr" to 1,
                                "logEnviron" to false,
                            )
                        builder.callRemote("startCommand", command, "1", "shell", arguments).await()
                        command.completed.await().shouldBeNull()
                        command.output.toString() shouldContain "built"
                        command.codes shouldBe listOf(0L)
                        master.keptAlive.await()
                    } finally {
                        process.destroy()
                        if (!process.waitFor(10, TimeUnit.SECONDS)) process.destroyForcibly()
                    }
                    master.detached.await()
                }
            } finally {
                directory.toFile().deleteRecursively()
            }
        }
    })

private val workerIsHere: Enabled by lazy {
    val answer = runCatching { worker("--version").inputReader().readText() }.getOrElse { "${it.message}" }
    when {
        "worker version" in answer -> Enabled.enabled
        else -> Enabled.disabled("buildbot-worker is not installed (on Debian: apt install buildbot-worker): $answer")
    }
}

private fun worker(vararg arguments: String): Process =
    ProcessBuilder("buildbot-worker", *arguments).redirectErrorStream(true).redirectOutput(
        if (arguments[0] == "start") ProcessBuilder.Redirect.DISCARD else ProcessBuilder.Redirect.PIPE,
    ).start()

/** The perspective that a worker logs in to; its mind is the bot that the master calls. */
private class Master {
    val attached = Deferred<RemoteReference>()
    val keptAlive = Deferred<Unit>()
    val detached = Deferred<Unit>()

    @Suppress("UNUSED_PARAMETER")
    fun requestAvatar(id: dev.torsion.cred.AvatarId, mind: Any?, types: List<Class<*>>): Deferred<Login<*>> {
        attached.callback(mind as RemoteReference)
        return succeed(Login(Avatar::class.java, Worker()) { detached.callback(Unit) })
    }

    inner class Worker : Avatar {
        @Perspective
        fun keepalive() {
            if (!keptAlive.called) keptAlive.callback(Unit)
        }
    }
}

/** Hears what becomes of a command. */
private class Command : Referenceable {
    val output = StringBuilder()
    val codes = ArrayList<Any?>()
    val completed = Deferred<Any?>()

    @Remote
    fun update(updates: List<List<Any?>>) {
        for ((what) in updates) {
            for ((kind, value) in what as Map<*, *>) {
                if (kind == "stdout") output.append(value)
                if (kind == "rc") codes.add(value)
            }
        }
    }

    @Remote
    fun complete(failure: Any?) = completed.callback(failure)
}
