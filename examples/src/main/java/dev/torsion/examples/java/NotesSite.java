// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.CompletableFuture.completedFuture;

import dev.torsion.java.Torsion;
import dev.torsion.web.AccessLog;
import dev.torsion.web.Gzip;
import dev.torsion.web.HttpServerOptions;
import dev.torsion.web.Response;
import dev.torsion.web.ResponseException;
import dev.torsion.web.Router;
import dev.torsion.web.Site;
import dev.torsion.web.StaticFiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** A site of notes, and of the files of a folder. */
public final class NotesSite {
  private final List<String> notes = new ArrayList<>();

  private NotesSite() {}

  /** Listens at the endpoint that is given, until Ctrl-C or SIGTERM. */
  public static void main(String[] args) {
    if (args.length != 2) usage();
    System.exit(Torsion.runUntilStopped(torsion -> serve(torsion, args[0], Path.of(args[1]))));
  }

  static CompletionStage<?> serve(Torsion torsion, String endpoint, Path folder) {
    var log = AccessLog.combined(System.out::println);
    var files = StaticFiles.of(torsion.reactor(), folder);
    var router =
        Router.builder().mount("/notes", new NotesSite().router()).mount("/", files).build();
    var site =
        Site.of(torsion.reactor(), router, HttpServerOptions.DEFAULT.withListener(log))
            .with(Gzip.filter());
    return torsion
        .listen(endpoint, site)
        .thenAccept(port -> System.out.println("listening on " + port.host()));
  }

  private Router router() {
    return Router.builder()
        .get("/", request -> completedFuture(Response.text(String.join("\n", notes))))
        .post("/", request -> request.body().bytes().thenApply(this::add))
        .with((request, next) -> next.handle(request).thenApply(NotesSite::unstored))
        .build();
  }

  private Response add(byte[] body) {
    var note = new String(body, UTF_8);
    if (note.isBlank()) throw new ResponseException(400, "A note has some words.");
    notes.add(note);
    return Response.redirect("/notes", 303);
  }

  private static Response unstored(Response answer) {
    return answer.withHeader("Cache-Control", "no-store");
  }

  private static void usage() {
    System.err.println("usage: NotesSite ENDPOINT FOLDER, for example tcp:8080 public");
    System.exit(2);
  }
}
