// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.torsion.clock.Clock;
import dev.torsion.defer.Deferred;
import dev.torsion.framing.LineReceiver;
import dev.torsion.framing.PendingAnswers;
import dev.torsion.net.CloseReason;
import dev.torsion.net.ConnectionDone;
import dev.torsion.testkit.DeferredAssertions;
import dev.torsion.testkit.MemoryReactor;
import dev.torsion.testkit.StringTransport;
import org.junit.jupiter.api.Test;

/** The answers by an id of docs/guide/codecs.md, in a protocol of one's own. */
class PendingAnswersTest {
  static class Client extends LineReceiver {
    private final PendingAnswers<Integer, String> answers;
    private int lastId;

    Client(Clock clock) {
      answers = new PendingAnswers<>(clock);
    }

    Deferred<String> ask(String question) {
      var answer = answers.add(++lastId); // first, since it may refuse
      sendLine(lastId + " " + question);
      return answer;
    }

    @Override
    protected void lineReceived(byte[] line) {
      var parts = new String(line, UTF_8).split(" ", 2);
      answers.answer(Integer.valueOf(parts[0]), parts[1]); // false when nobody waits for it
    }

    @Override
    public void connectionLost(CloseReason reason) {
      answers.fail(reason);
    }
  }

  @Test
  void answersFindTheirQuestions() {
    var reactor = new MemoryReactor();
    var client = new Client(reactor);
    var transport = new StringTransport();
    transport.connect(client);
    var first = client.ask("EUR");
    var second = client.ask("GBP");
    var third = client.ask("USD");
    assertEquals("1 EUR\r\n2 GBP\r\n3 USD\r\n", transport.text());
    transport.receive("2 0.9\r\n1 1.1\r\n");
    assertEquals("1.1", DeferredAssertions.successResultOf(first));
    assertEquals("0.9", DeferredAssertions.successResultOf(second));
    transport.lose();
    DeferredAssertions.failureResultOf(third, ConnectionDone.class);
    reactor.close();
  }
}
