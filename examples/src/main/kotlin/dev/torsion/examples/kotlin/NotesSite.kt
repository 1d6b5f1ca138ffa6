// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.defer.await
import dev.torsion.endpoint.serverFromString
import dev.torsion.reactor.Reactor
import dev.torsion.service.runUntilStopped
import dev.torsion.web.AccessLog
import dev.torsion.web.Gzip
import dev.torsion.web.HttpServerOptions
import dev.torsion.web.Response
import dev.torsion.web.ResponseException
import dev.torsion.web.Router
import dev.torsion.web.Site
import dev.torsion.web.StaticFiles
import java.nio.file.Path
import kotlin.system.exitProcess

/** A site of notes, and of the files of a folder. Listens at the endpoint that is given, until Ctrl-C or SIGTERM. */
fun main(args: Array<String>) {
    if (args.size != 2) usage()
    exitProcess(
        runUntilStopped { reactor ->
            val port = serverFromString(reactor, args[0]).listen(notesSite(reactor, Path.of(args[1]))).await()
            println("listening on ${port.host()}")
        },
    )
}

private fun notesSite(reactor: Reactor, folder: Path): Site {
    val options = HttpServerOptions.DEFAULT.withListener(AccessLog.combined(::println))
    val router = Router {
        mount("/notes", notesRouter())
        mount("/", StaticFiles.of(reactor, folder))
    }
    return Site.of(reactor, router, options).with(Gzip.filter())
}

private fun notesRouter(): Router {
    val notes = ArrayList<String>()
    return Router {
        get("/") { Response.text(notes.joinToString("\n")) }
        post("/") { request ->
            val note = request.body.readText()
            if (note.isBlank()) throw ResponseException(400, "A note has some words.")
            notes.add(note)
            Response.redirect("/notes", 303)
        }
        with { request, next -> next(request).withHeader("Cache-Control", "no-store") }
    }
}

private fun usage(): Nothing {
    System.err.println("usage: NotesSite ENDPOINT FOLDER, for example tcp:8080 public")
    exitProcess(2)
}
