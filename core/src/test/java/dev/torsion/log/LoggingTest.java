// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.slf4j.event.Level;

/** Logging as a Java user sees it: each public type once. */
class LoggingTest {
  private final LimitedHistoryLogObserver history = new LimitedHistoryLogObserver(100);
  private final Logger log = new Logger(LoggingTest.class, history);

  private LogEvent last() {
    var events = history.events();
    return events.get(events.size() - 1);
  }

  @Test
  void aLoggerTakesNamesAndValuesInTurn() {
    log.info("{name} joined {room}", "name", "ada", "room", 7);
    assertEquals("ada joined 7", last().getMessage());
    assertEquals(Map.of("name", "ada", "room", 7), last().getValues());
    assertEquals("dev.torsion.log.LoggingTest", last().getNamespace());
    log.debug("no values");
    assertEquals(Map.of(), last().getValues());
    log.warn("{x}", "x", null);
    assertEquals("null", last().getMessage());
    log.error("{x}", "x", 1);
    assertEquals(Level.ERROR, last().getLevel());
    log.emit(Level.TRACE, "{x}", "x", 2);
    assertEquals(Level.TRACE, last().getLevel());
  }

  @Test
  void aFailureHasItsThrowable() {
    var error = new IllegalStateException("no");
    log.failure("while frobbing {knob}", error, "knob", 3);
    assertSame(error, last().getThrowable());
    log.failure("plain", error);
    assertEquals("plain", last().getMessage());
    log.warn("left over at the end", error);
    assertSame(error, last().getThrowable());
  }

  @Test
  void anEntryIsPutTogetherStepByStep() {
    log.with("peer", "p").at(Level.DEBUG).with("bytes", 3).log("{bytes} bytes from {peer}");
    assertEquals("3 bytes from p", last().getMessage());
    assertEquals(List.of("peer", "bytes"), List.copyOf(last().getValues().keySet()));
  }

  @Test
  void levelsAreFilteredByNamespace() {
    var levels = new LogLevelFilterPredicate(Level.WARN);
    levels.setLogLevelForNamespace("com.example", Level.DEBUG);
    var filtering = new FilteringLogObserver(history, List.of(levels));
    var quiet = new Logger("org.other", filtering);
    assertFalse(quiet.isEnabled(Level.INFO));
    assertTrue(new Logger("com.example.chat", filtering).isEnabled(Level.DEBUG));
    quiet.info("nobody hears");
    quiet.warn("somebody hears");
    assertEquals(
        List.of("somebody hears"), history.events().stream().map(LogEvent::getMessage).toList());
  }

  @Test
  void aPredicateAndAnObserverAreLambdas() {
    var publisher = new LogPublisher();
    var kept = new LimitedHistoryLogObserver();
    LogFilterPredicate onlyShort =
        event -> event.getMessage().length() < 5 ? PredicateResult.YES : PredicateResult.NO;
    publisher.addObserver(
        new FilteringLogObserver(history, List.of(onlyShort), e -> kept.observe(e)));
    publisher.addObserver(
        event -> {
          throw new java.io.IOException("disk full");
        });
    new Logger("x", publisher).info("short and long");
    publisher.observe(new LogEvent(Instant.EPOCH, Level.INFO, "x", "tiny"));
    assertEquals("tiny", last().getMessage());
    // The event that is too long, and two reports of the observer that threw.
    assertEquals(3, kept.events().size());
  }

  @Test
  void theGlobalPublisherSendsToSlf4j() {
    assertTrue(
        LogPublisher.global().observers().stream().anyMatch(Slf4jLogObserver.class::isInstance));
    assertEquals("peer", LogKeys.PEER);
  }
}
