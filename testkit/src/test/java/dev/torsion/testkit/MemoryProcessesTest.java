// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.torsion.process.ProcessCommand;
import dev.torsion.process.ProcessDone;
import dev.torsion.process.ProcessEnd;
import dev.torsion.process.ProcessProtocol;
import dev.torsion.process.ProcessTerminated;
import dev.torsion.process.Processes;
import dev.torsion.testkit.junit.TorsionExtension;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Processes that a test plays, as a Java user sees them. */
@ExtendWith(TorsionExtension.class)
class MemoryProcessesTest {
  private static final ProcessCommand COUNT = ProcessCommand.of("count", "-w");

  @Test
  void aProtocolOfAProcessThatTheTestPlays(MemoryReactor reactor) {
    reactor
        .processes()
        .add(
            "count",
            process -> {
              assertEquals(COUNT, process.command());
              process.onInput(
                  data -> process.print(new String(data, UTF_8).split(" ").length + "\n"));
              process.onInputEnd(() -> process.later(Duration.ofMinutes(1), () -> process.exit(0)));
            });
    var hearing = new Hearing();
    var process = Processes.spawnProcess(reactor, hearing, COUNT);
    reactor.flush();
    process.write("one two three".getBytes(UTF_8));
    process.closeStdin();
    reactor.flush();
    assertEquals("3\n", hearing.said);
    assertNull(hearing.end);
    reactor.advance(Duration.ofMinutes(1));
    assertInstanceOf(ProcessDone.class, hearing.end);
    assertEquals(0, reactor.processes().all().get(0).exitCode());
  }

  @Test
  void oneThatIsKilled(MemoryReactor reactor) {
    reactor.processes().add("count", process -> {});
    var hearing = new Hearing();
    var process = Processes.spawnProcess(reactor, hearing, COUNT);
    reactor.flush();
    reactor.await(process.signalProcess("TERM"));
    reactor.flush();
    assertEquals(15, assertInstanceOf(ProcessTerminated.class, hearing.end).getSignal());
  }

  private static class Hearing extends ProcessProtocol {
    String said = "";
    ProcessEnd end;

    @Override
    public void outReceived(byte[] data) {
      said += new String(data, UTF_8);
    }

    @Override
    public void processEnded(ProcessEnd reason) {
      end = reason;
    }
  }
}
