// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.run;

import dev.torsion.benchmarks.Wire;
import dev.torsion.benchmarks.Work;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.openjdk.jmh.runner.RunnerException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The command {@code torsion bench}. */
@Command(
    name = "torsion bench",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Measures the same work on Torsion and on its peers, side by side.")
public final class Bench implements Callable<Integer> {
  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

  @Option(
      names = "--quick",
      description =
          "Less than five minutes, with less certainty;"
              + " without UDP, TLS and HTTP unless they are named.")
  private boolean quick;

  @Option(
      names = "--only",
      split = ",",
      paramLabel = "WORK",
      description =
          "These works: pp1 pp50 pp1000 pipelined bulk churn line int32 json udp1 udp50"
              + " tlspp50 tlsbulk handshakes resumed http64 http1000 httppipelined httpfields"
              + " httpjson httpstatic httppost; or these small things: deferred timers calls resume idle group remote"
              + " httpclient.")
  private List<String> only = List.of();

  @Option(
      names = "--against",
      split = ",",
      paramLabel = "PEER",
      description =
          "These peers, or those whose names begin so: netty vertx ktor threads jetty jdk twisted"
              + " uvloop; and callback-conscrypt, which is Torsion with BoringSSL.")
  private List<String> against = List.of();

  @Option(
      names = "--output",
      paramLabel = "DIRECTORY",
      defaultValue = "${sys:torsion.bench.output:-torsion-bench}",
      description = "Where results.json, results.md and results.svg go (${DEFAULT-VALUE}).")
  private Path output;

  private final PrintStream out = System.out;

  /** Runs the command and ends the process. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new Bench()).execute(args));
  }

  @Override
  public Integer call() throws IOException, RunnerException {
    var plan = quick ? Plan.QUICK : Plan.FULL;
    checkNames();
    var contenders = contenders(plan);
    out.printf(
        "%s, Java %s; %s%n",
        Machine.processor(),
        Runtime.version(),
        Machine.CAN_PIN
            ? "the server on one core, the load on another"
            : "servers and load share the cores, as there is no taskset or only one core");
    var standings = new ArrayList<Standing>();
    var table = new Table(out);
    var nanos = new LinkedHashMap<String, Double>();
    for (Micro micro : Micro.values()) {
      if (!isWantedBeside(micro.id())) continue;
      var measured = micro.run(plan);
      micro.print(measured, out);
      nanos.putAll(measured);
    }
    List<Idle.Cost> idle = isWantedBeside(Idle.ID) ? new Idle(contenders, out).run() : List.of();
    var gains = isWantedBeside(Scaling.ID) ? new Scaling(plan, out).run() : List.<Scaling.Gain>of();
    var remote =
        isWantedBeside(RemoteCalls.ID)
            ? new RemoteCalls(plan, out).run()
            : List.<RemoteCalls.Cost>of();
    var clients =
        isWantedBeside(HttpClientCosts.ID)
            ? new HttpClientCosts(plan, out).run()
            : List.<HttpClientCosts.Cost>of();
    try (var tournament = new Tournament(plan, contenders)) {
      for (Work work : Work.values()) {
        if (!isWanted(work)) continue;
        var standing = new Standing(work, tournament.play(work));
        standings.add(standing);
        table.print(standing);
      }
      tournament.missing().forEach((c, why) -> out.println("left out: " + c.server + " " + why));
      Report.write(output, standings, nanos, idle, gains, remote, clients, tournament.missing());
    }
    out.println();
    if (quick) {
      out.println("a quick run warms up so briefly that its ratios of pp1 and churn say little");
    }
    for (Standing standing : standings) {
      if (standing.isMostlyDisturbed()) {
        out.printf(
            "%s: other load disturbed most windows of a server, so its ratios say little%n",
            standing.work().id());
      }
    }
    out.println("written: " + output.resolve("results.json") + ", results.md and results.svg");
    standings.forEach(standing -> standing.ratios().forEach(table::print));
    return 0;
  }

  private boolean isWanted(Work work) {
    boolean isBeside =
        work.wire == Wire.DATAGRAM || work.wire == Wire.TLS || work.wire == Wire.HTTP;
    return isBeside ? isWantedBeside(work.id()) : isWanted(work.id());
  }

  private boolean isWanted(String id) {
    return only.isEmpty() || only.contains(id);
  }

  /** The parts that use no sockets: a quick run has no time for it, unless it is named. */
  private boolean isWantedBeside(String id) {
    return quick ? only.contains(id) : isWanted(id);
  }

  private void checkNames() {
    var known = new TreeSet<String>();
    for (Work work : Work.values()) known.add(work.id());
    for (Micro micro : Micro.values()) known.add(micro.id());
    known.add(Idle.ID);
    known.add(Scaling.ID);
    known.add(RemoteCalls.ID);
    known.add(HttpClientCosts.ID);
    for (String name : only) {
      if (!known.contains(name)) throw unknown("work", name, known);
    }
    for (String name : against) {
      if (parties().stream().noneMatch(party -> party.startsWith(name))) {
        throw unknown("peer", name, parties());
      }
    }
  }

  private Set<Contender> contenders(Plan plan) {
    return Arrays.stream(Contender.values())
        .filter(c -> plan.allVariants() || !c.isIdiomatic())
        .filter(
            c -> c.isOurs() || against.isEmpty() || against.stream().anyMatch(c.party::startsWith))
        .collect(Collectors.toCollection(() -> EnumSet.noneOf(Contender.class)));
  }

  private static Set<String> parties() {
    return Arrays.stream(Contender.values())
        .filter(c -> !c.isOurs())
        .map(c -> c.party)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private ParameterException unknown(String what, String name, Set<String> known) {
    return new ParameterException(
        spec.commandLine(),
        "there is no " + what + " " + name + "; there are " + String.join(" ", known));
  }
}
