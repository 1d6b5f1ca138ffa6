// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static java.util.Locale.ROOT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.examples.java.WordCount;
import dev.torsion.java.Codecs;
import dev.torsion.java.Torsion;
import dev.torsion.net.ConnectionLost;
import dev.torsion.process.ProcessCommand;
import dev.torsion.testkit.MemoryReactor;
import dev.torsion.testkit.junit.TorsionExtension;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The Java of docs/guide/testing.md. */
@ExtendWith(TorsionExtension.class)
class TestingGuideTest {
  @Test
  void answersInUpperCase(MemoryReactor reactor) {
    var torsion = Torsion.on(reactor);
    var server =
        reactor.await(
            torsion.serve(
                "tcp:8007",
                Codecs.line(),
                c -> c.onMessage(line -> c.send(line.toUpperCase(ROOT)))));
    var client = reactor.await(torsion.connect("tcp:127.0.0.1:8007", Codecs.line()));

    assertEquals("HELLO", reactor.await(client.request("hello")));

    client.close();
    server.close();
    reactor.flush();
  }

  @Test
  void timePassesWhenTheTestSaysSo(MemoryReactor reactor) {
    var torsion = Torsion.on(reactor);
    CompletableFuture<String> answer =
        torsion.deferLater(Duration.ofMinutes(5), () -> "after five minutes");
    reactor.flush(); // the call is handed over to the reactor, which has not run yet

    reactor.advance(Duration.ofMinutes(4));
    assertEquals(false, answer.isDone());
    reactor.runUntil(answer::isDone);
    assertEquals("after five minutes", answer.join());
    assertEquals(Duration.ofMinutes(5), reactor.clock().elapsed());

    var never = torsion.after(Duration.ofHours(1));
    assertThrows(IllegalStateException.class, never::join); // call await or runUntil
    never.cancel(true);
    reactor.flush();
  }

  @Test
  void theTestPlaysAProcess(MemoryReactor reactor) {
    var torsion = Torsion.on(reactor);
    var said = new ArrayList<String>();
    reactor
        .processes()
        .add(
            "wc",
            process -> {
              process.onInput(data -> process.print("3\n"));
              process.onInputEnd(() -> process.later(Duration.ofMinutes(1), () -> process.exit(0)));
            });
    var words = torsion.spawnProcess(new WordCount(said::add), ProcessCommand.of("wc", "-w"));
    reactor.await(words);
    reactor.flush(); // it starts, and reads
    reactor.advance(Duration.ofMinutes(1));
    assertEquals(List.of("3 words", "exit code 0"), said);
  }

  @Test
  void aLinkFails(MemoryReactor reactor) {
    var server = reactor.neighbour("10.0.0.1");
    var client = reactor.neighbour("10.0.0.2");
    var link = reactor.network().link("10.0.0.1", "10.0.0.2");

    var onServer = Torsion.on(server);
    var port =
        reactor.await(
            onServer.serve("tcp:8007", Codecs.line(), c -> c.onMessage(line -> c.send(line))));
    var onClient = Torsion.on(client);
    var connection = reactor.await(onClient.connect("tcp:10.0.0.1:8007", Codecs.line()));

    link.delay(Duration.ofMillis(40));
    reactor.await(connection.request("hello"));
    assertEquals(Duration.ofMillis(80), reactor.clock().elapsed());

    link.blackHole();
    var unanswered = connection.request("hello?");
    reactor.runFor(Duration.ofMinutes(1));
    assertTrue(!unanswered.isDone());

    link.restore();
    assertEquals("hello?", reactor.await(unanswered));

    link.cut();
    var lost = reactor.await(connection.closed());
    assertTrue(lost instanceof ConnectionLost);

    port.close();
    reactor.flush();
  }
}
