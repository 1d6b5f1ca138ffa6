// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.torsion.framing.Codec;
import dev.torsion.framing.Content;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Messages that are views of the reactor's buffer. */
@SuppressWarnings("FutureReturnValueIgnored")
class ViewTest extends InMemory {
  private static final Codec<ByteBuffer> VIEWS = Codecs.int32().with(Content.view());

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String text(ByteBuffer bytes) {
    return StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
  }

  @Test
  void aHandlerGetsTheViewItselfAndCanSendIt() {
    var pair = connected(VIEWS);
    List<Boolean> areViews = new ArrayList<>();
    pair.server()
        .onMessage(
            view -> {
              areViews.add(view.isReadOnly());
              return pair.server().send(view);
            });
    var first = pair.client().request(bytes("one"));
    var second = pair.client().request(bytes("two"));
    assertEquals("one", text(now(first)));
    assertEquals("two", text(now(second)));
    assertEquals(List.of(true, true), areViews);
    pair.client().close();
  }

  @Test
  void whatAFutureGivesIsACopy() {
    var pair = connected(VIEWS);
    var waiting = pair.server().receive();
    pair.client().send(bytes("for who waits"));
    var message = now(waiting);
    pair.client().send(bytes("held until wanted"));
    pair.client().send(bytes("and another one, long enough to write over the others"));
    reactor.flush();
    var held = now(pair.server().receive());
    now(pair.server().receive());
    assertEquals("for who waits", text(message));
    assertEquals("held until wanted", text(held));
    pair.client().close();
  }

  @Test
  void aMessageThatCannotBeSentFailsItsFutureOnTheReactorsThreadToo() {
    var pair = connected(Codecs.int32(4).with(Content.view()));
    List<Throwable> failures = new ArrayList<>();
    reactor.callFromThread(
        () ->
            pair.client()
                .send(bytes("too long"))
                .whenComplete((sent, failure) -> failures.add(failure)));
    reactor.flush();
    assertEquals(1, failures.size());
    assertEquals(dev.torsion.framing.StringTooLongException.class, failures.get(0).getClass());
    pair.client().close();
  }
}
