// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static dev.torsion.java.Given.given;

import dev.torsion.clock.Clocks;
import dev.torsion.clock.LoopingCall;
import dev.torsion.defer.Deferred;
import dev.torsion.defer.Deferreds;
import dev.torsion.defer.Place;
import dev.torsion.endpoint.ClientEndpoint;
import dev.torsion.endpoint.DatagramEndpoint;
import dev.torsion.endpoint.Endpoints;
import dev.torsion.endpoint.ServerEndpoint;
import dev.torsion.endpoint.UdpEndpoint;
import dev.torsion.framing.Codec;
import dev.torsion.framing.ConnectionOptions;
import dev.torsion.framing.DatagramPorts;
import dev.torsion.framing.MessageConnection;
import dev.torsion.health.LoopHealth;
import dev.torsion.log.DurationText;
import dev.torsion.net.ClientFactory;
import dev.torsion.net.ConnectOptions;
import dev.torsion.net.Connector;
import dev.torsion.net.DatagramOptions;
import dev.torsion.net.DatagramProtocol;
import dev.torsion.net.Factory;
import dev.torsion.net.ListeningPort;
import dev.torsion.net.Protocol;
import dev.torsion.net.StreamOptions;
import dev.torsion.net.TcpOptions;
import dev.torsion.net.Transport;
import dev.torsion.net.UnixPortOptions;
import dev.torsion.process.ProcessCommand;
import dev.torsion.process.ProcessOutput;
import dev.torsion.process.ProcessProtocol;
import dev.torsion.process.ProcessTransport;
import dev.torsion.process.Processes;
import dev.torsion.process.StandardIO;
import dev.torsion.reactor.Phase;
import dev.torsion.reactor.Reactor;
import dev.torsion.reactor.ReactorOptions;
import dev.torsion.reactor.Reactors;
import dev.torsion.reactor.SystemEvent;
import dev.torsion.service.ProcessServiceOptions;
import dev.torsion.service.Services;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A reactor, for Java: servers, clients, timers and threads whose results are futures.
 *
 * <pre>{@code
 * try (var torsion = Torsion.start()) {
 *   var server = torsion.serve("tcp:8007", Codecs.line(), c -> c.onMessage(c::send)).join();
 *   var client = torsion.connect("tcp:127.0.0.1:8007", Codecs.line()).join();
 *   client.request("hello").thenAccept(System.out::println).join();
 * }
 * }</pre>
 *
 * <p>It runs on a thread of its own after {@link #start()}; or in the thread that calls {@link
 * #run}, as the programs of Twisted's documents do. A server is set up and run at once:
 *
 * <pre>{@code
 * System.exit(
 *     Torsion.runUntilStopped(torsion -> torsion.listenTcp(8007, new Factory(Echo::new))));
 * }</pre>
 *
 * <table>
 * <caption>Where to find what</caption>
 * <tr><th scope="col">You want</th><th scope="col">Methods</th></tr>
 * <tr><td>a reactor, and its end</td><td>{@link #start()}, {@link #create()}, {@link #on}, {@link
 *     #run}, {@link #react}, {@link #runUntilStopped}, {@link #beforeStop(Runnable)}, {@link #stop},
 *     {@link #close}</td></tr>
 * <tr><td>messages of a codec</td><td>{@link #serve(String, Codec, ConnectionHandler) serve}, {@link
 *     #connect(String, Codec) connect}, {@link #keepConnected(String, Codec) keepConnected}</td></tr>
 * <tr><td>protocols with callbacks, as in Twisted</td><td>{@link #listen(String, Factory) listen},
 *     {@link #listenTcp(int, Factory) listenTcp}, {@link #listenUnix(Path, Factory) listenUnix},
 *     {@link #connectProtocol(String, Protocol) connectProtocol}, {@link #connectTcp(String, int,
 *     ClientFactory) connectTcp}, {@link #connectUnix}, {@link #sendFile(Path, Transport)
 *     sendFile}</td></tr>
 * <tr><td>datagrams</td><td>{@link #openDatagrams(String, Codec) openDatagrams}, {@link
 *     #connectDatagrams}, {@link #listenUdp(int, DatagramProtocol) listenUdp}</td></tr>
 * <tr><td>processes, standard input</td><td>{@link #processOutput}, {@link #processValue}, {@link
 *     #processOutputAndValue}, {@link #spawnProcess}, {@link #keepRunning(ProcessCommand)
 *     keepRunning}, {@link #standardIO}</td></tr>
 * <tr><td>timers</td><td>{@link #callLater}, {@link #deferLater}, {@link #after}, {@link #every(Duration,
 *     Runnable) every}, {@link #timeout}</td></tr>
 * <tr><td>Deferreds as futures, and the other way round</td><td>{@link #future}, {@link
 *     #deferred}</td></tr>
 * <tr><td>work on another thread</td><td>{@link #deferToThread} for work that blocks, {@link
 *     #call(Callable) call} for work on the reactor's thread, {@link #blockingCall}</td></tr>
 * <tr><td>services, health</td><td>{@link #services}, {@link #watchHealth}</td></tr>
 * </table>
 *
 * <p><b>Threads.</b> All methods may be called on any thread. The work happens on the reactor's
 * thread: at once when called there, otherwise soon and in the order of the calls. The futures
 * complete on the reactor's thread, so stages such as {@code thenApply} run there. When the result
 * is there already, a stage runs on the thread that adds it. Stages need no locks between them, and
 * must not block. {@code thenApplyAsync} leaves the reactor's thread, by default for the common
 * pool. With {@link #reactor()} as the executor it comes back.
 *
 * <p><b>Blocking.</b> {@code join} and {@code get} are fine on every thread except the reactor's,
 * virtual threads included. On the reactor's thread a future that is not complete would never be:
 * there they throw {@link IllegalStateException}, also on each stage that is derived from such a
 * future. The futures of {@code CompletableFuture.allOf} and {@code anyOf} are the JDK's own and
 * cannot refuse: never wait for them on the reactor's thread.
 *
 * <p><b>Cancellation.</b> Cancelling a future, or any stage derived from it, gives the work up: the
 * attempt to connect ends, the timer is cancelled, the Deferred too. So does {@code orTimeout}. A
 * connection or port that was opened in that very moment is closed, unless somebody has it already:
 * the function of a stage, or a {@code join}, {@code get} or {@code getNow}.
 *
 * <p><b>Errors.</b> Futures fail with the typed exceptions of {@code dev.torsion.net} and {@code
 * dev.torsion.framing}, which {@code join} wraps in {@link
 * java.util.concurrent.CompletionException}. An exception of a callback is logged and given to
 * {@link ReactorOptions#getErrorListener}, and the reactor lives on. Once the reactor has stopped,
 * futures fail with {@link dev.torsion.loop.ReactorNotRunningException}.
 *
 * <p>A failure that nobody sees is logged as an error: no stage of the future has {@code
 * exceptionally}, {@code handle} or {@code whenComplete}, nobody waits for one or gives it to
 * others. The report comes at the end of the turn, or a second later when the future was made
 * outside of the reactor's turns, such as on another thread. {@link
 * dev.torsion.defer.UnhandledFailures} says more, and has listeners. Cancellations and the end of
 * the reactor are not reported, and for {@code send} and {@code receive} neither is the end of the
 * connection.
 */
public final class Torsion implements AutoCloseable {
  private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(10);

  private final Reactor reactor;
  private final Loop loop;
  private final Opening opening;
  private final Timing timing;
  private final ServiceGroup services;
  private final boolean isOwner;
  private final Duration closeDeadline;

  private Torsion(
      Reactor reactor, @Nullable Thread setUpThread, boolean isOwner, Duration drainTimeout) {
    this.reactor = reactor;
    this.loop = new Loop(reactor, setUpThread);
    this.opening = new Opening(loop);
    this.timing = new Timing(loop);
    this.services = new ServiceGroup(loop);
    this.isOwner = isOwner;
    this.closeDeadline = Duration.ofNanos(Loop.nanos(drainTimeout)).plus(CLOSE_DEADLINE);
  }

  // Life.

  /** A new reactor that runs on a thread of its own; {@link #close} ends it. */
  public static Torsion start() {
    return start(ReactorOptions.builder().build());
  }

  /** The same with options, such as a name for the thread. */
  public static Torsion start(ReactorOptions options) {
    given(options, "options");
    Torsion torsion = create(options);
    try {
      torsion.reactor.start();
    } catch (Throwable e) { // there is no thread for it: it gives its descriptors back
      try {
        torsion.close();
      } catch (Throwable second) {
        e.addSuppressed(second);
      }
      throw e;
    }
    return torsion;
  }

  /** A new reactor that runs once {@link #run} is called. Until then it belongs to this thread. */
  public static Torsion create() {
    return create(ReactorOptions.builder().build());
  }

  /** The same with options. */
  public static Torsion create(ReactorOptions options) {
    given(options, "options");
    return new Torsion(
        Reactor.create(options), Thread.currentThread(), true, options.getDrainTimeout());
  }

  /**
   * The futures of a reactor that somebody else has made, such as the testkit's {@code
   * MemoryReactor}. Closing this object leaves that reactor running.
   */
  public static Torsion on(Reactor reactor) {
    given(reactor, "reactor");
    return new Torsion(reactor, null, false, Duration.ZERO);
  }

  /**
   * Runs {@code main} on a new reactor in this thread until the stage that it returns is complete,
   * then stops the reactor; Twisted's {@code react}, for programs that have an end.
   *
   * <pre>{@code
   * public static void main(String[] args) throws Exception {
   *   System.exit(Torsion.react(torsion -> ask(torsion, args[0]).thenAccept(System.out::println)));
   * }
   * }</pre>
   *
   * <p>When the reactor is stopped before, the stage is cancelled.
   *
   * @return the exit code: that of a {@link dev.torsion.reactor.ExitException}, otherwise 0
   * @throws Exception what {@code main} has thrown or its stage has failed with, as it was
   */
  public static int react(Main main) throws Exception {
    given(main, "main");
    Torsion torsion = create();
    return Reactors.react(torsion.reactor, reactor -> torsion.deferred(main.start(torsion)));
  }

  /**
   * Runs a program that has no end of its own, such as a server: {@code main} sets it up on a new
   * reactor in this thread, which then runs until it is stopped.
   *
   * <pre>{@code
   * public static void main(String[] args) {
   *   System.exit(
   *       Torsion.runUntilStopped(
   *           torsion -> torsion.serve(args[0], Codecs.line(), c -> c.onMessage(c::send))));
   * }
   * }</pre>
   *
   * <p>When {@code main} throws or its stage fails, the reactor stops, and the reason is logged as
   * an error. It is one line when the cause is around the program: a port that is taken, a server
   * that is not there, an endpoint string that is not understood. Any other exception has its stack
   * trace. When the reactor is stopped before, the stage is cancelled.
   *
   * @return the exit code: 0 when the reactor was stopped, that of a {@link
   *     dev.torsion.reactor.ExitException}, 1 when the set-up has failed otherwise
   */
  public static int runUntilStopped(Main main) {
    given(main, "main");
    Torsion torsion = create();
    return Services.runUntilStopped(
        torsion.reactor, reactor -> torsion.deferred(main.start(torsion)));
  }

  /** A program for {@link #react} and {@link #runUntilStopped}. */
  @FunctionalInterface
  public interface Main {
    /**
     * Begins the work, on the reactor's thread. Of {@link #react} the stage is the whole program.
     */
    CompletionStage<?> start(Torsion torsion) throws Exception;
  }

  /**
   * Runs the reactor in this thread, until it is stopped. Interrupting the thread does not end it:
   * call {@link #stop} before {@code shutdownNow} of an executor that runs it.
   *
   * @throws dev.torsion.reactor.ReactorFailedException when the loop cannot go on
   */
  public void run() {
    reactor.run();
  }

  /**
   * Runs {@code call} before the reactor stops, when ports and connections still work. Its
   * exception is reported. See {@code reactor().addSystemEventTrigger} for the other moments.
   */
  public void beforeStop(Runnable call) {
    given(call, "call");
    beforeStop(
        () -> {
          call.run();
          return CompletableFuture.completedFuture(null);
        });
  }

  /** The same for a call that returns a stage, which the reactor waits for before it stops. */
  public void beforeStop(Callable<? extends CompletionStage<?>> call) {
    given(call, "call");
    loop.act(
        Place.handedOver( // for the log of an end that waits for it
            () ->
                reactor.addSystemEventTrigger(
                    Phase.BEFORE, SystemEvent.SHUTDOWN, () -> deferred(call.call()))));
  }

  /**
   * Stops the reactor when the JVM is told to end, by Ctrl-C, a termination signal or {@code
   * System.exit}, and lets the JVM wait for its end, at most {@code timeout}. For programs, once.
   */
  public void stopOnShutdown(Duration timeout) {
    given(timeout, "timeout");
    loop.act(() -> Reactors.stopOnShutdown(reactor, timeout));
  }

  /**
   * Asks the reactor to end: its shutdown triggers run, ports are closed, and connections end. Each
   * connection first sends what was written. When a peer has not taken everything within {@link
   * ReactorOptions#getDrainTimeout}, its connection is reset, so that the peer does not take the
   * cut for the end; the log says how many were. Returns at once. Does nothing when it does not
   * run.
   */
  public void stop() {
    reactor.stopFromThread();
  }

  /**
   * Stops the reactor and waits until it has ended, at most 10 seconds longer than its {@code
   * drainTimeout}. One second before that it waits no more for the calls of {@code beforeStop} and
   * for peers: connections that have something to send are reset, and the log says what was waited
   * for. On the reactor's own thread it cannot wait, and only stops it. A reactor that has never
   * run, or has crashed, is released: the calls of {@code beforeStop} run, its ports and
   * connections are closed, and it cannot run any more. Does nothing when the reactor is not this
   * object's own ({@link #on}).
   *
   * @throws IllegalStateException when the reactor has not ended by then, since a callback or a
   *     thread of its pool is blocked; at once on a thread of its pool, which the reactor waits
   *     for: there it is only asked to stop
   */
  @Override
  public void close() {
    if (!isOwner) return;
    if (reactor.isInReactorThread()) {
      stop();
    } else if (!waiting(() -> Reactors.stopWithin(reactor, closeDeadline))) {
      throw new IllegalStateException(
          reactor + " has not ended within " + DurationText.readable(closeDeadline));
    }
  }

  /**
   * Stops the reactor and waits until it has ended, at most {@code timeout}. A reactor that does
   * not run is released as by {@link #close}. When the thread is interrupted, it waits no longer,
   * and stays interrupted.
   *
   * @return whether it has ended
   * @throws IllegalStateException on the reactor's own thread, and on a thread of its pool, where
   *     the reactor is asked to stop all the same
   */
  public boolean stopAndJoin(Duration timeout) {
    given(timeout, "timeout");
    return waiting(() -> reactor.stopAndJoin(timeout));
  }

  private static boolean waiting(BooleanSupplier end) {
    try {
      return end.getAsBoolean();
    } catch (Exception e) {
      if (!(e instanceof InterruptedException)) throw e;
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /**
   * The reactor. It is an {@link java.util.concurrent.Executor} whose tasks run on its thread; most
   * of its other methods may be used on that thread only.
   */
  public Reactor reactor() {
    return reactor;
  }

  // Servers and clients, by messages.

  /**
   * Listens at {@code endpoint}, such as {@code "tcp:8007"} or {@code "tcp:0:interface=127.0.0.1"},
   * and tells {@code handler} of each connection.
   *
   * <p>The future fails with {@link dev.torsion.net.CannotListenException} when the port is taken
   * or not allowed, and with {@link dev.torsion.endpoint.EndpointSyntaxException} when the string
   * is not understood.
   */
  public <T> CompletableFuture<Server> serve(
      String endpoint, Codec<T> codec, ConnectionHandler<T> handler) {
    return serve(endpoint, codec, ConnectionOptions.DEFAULT, handler);
  }

  /**
   * The same with limits, such as how many connections there may be, or what may wait to be sent:
   *
   * <pre>{@code
   * var options =
   *     ConnectionOptions.builder()
   *         .maxConnections(1000)
   *         .transport(TcpOptions.builder().tcpKeepAlive(true).build())
   *         .build();
   * }</pre>
   */
  public <T> CompletableFuture<Server> serve(
      String endpoint, Codec<T> codec, ConnectionOptions options, ConnectionHandler<T> handler) {
    given(endpoint, "endpoint");
    given(codec, "codec");
    given(options, "options");
    given(handler, "handler");
    return opening.serve(endpoint, codec, options, handler);
  }

  /**
   * The same for an endpoint that is an object, with the limits of {@link
   * ConnectionOptions#DEFAULT}.
   */
  public <T> CompletableFuture<Server> serve(
      ServerEndpoint endpoint, Codec<T> codec, ConnectionHandler<T> handler) {
    return serve(endpoint, codec, ConnectionOptions.DEFAULT, handler);
  }

  /**
   * The same for an endpoint that is an object of {@link #reactor()}, such as {@code new
   * TCP4ServerEndpoint(torsion.reactor(), 8007, 100, "127.0.0.1").withOptions(tcpOptions)}. The
   * endpoint has the options of the transport: the future fails with {@link
   * IllegalArgumentException} when {@code options} have others.
   */
  public <T> CompletableFuture<Server> serve(
      ServerEndpoint endpoint,
      Codec<T> codec,
      ConnectionOptions options,
      ConnectionHandler<T> handler) {
    given(endpoint, "endpoint");
    given(codec, "codec");
    given(options, "options");
    given(handler, "handler");
    return opening.serve(() -> endpoint, codec, options, handler);
  }

  /**
   * Connects to {@code endpoint}, such as {@code "tcp:example.com:8007"} or {@code
   * "tcp:127.0.0.1:8007:timeout=5"}.
   *
   * <p>The future fails with a {@link dev.torsion.net.CannotConnectException}, whose subclass says
   * why, and with {@link dev.torsion.endpoint.EndpointSyntaxException} when the string is not
   * understood.
   */
  public <T> CompletableFuture<Connection<T>> connect(String endpoint, Codec<T> codec) {
    return connect(endpoint, codec, ConnectionOptions.DEFAULT);
  }

  /** The same with limits, such as how long the connection may be idle. */
  public <T> CompletableFuture<Connection<T>> connect(
      String endpoint, Codec<T> codec, ConnectionOptions options) {
    given(endpoint, "endpoint");
    given(codec, "codec");
    given(options, "options");
    return opening.connect(endpoint, codec, options);
  }

  /**
   * The same for an endpoint that is an object, with the limits of {@link
   * ConnectionOptions#DEFAULT}.
   */
  public <T> CompletableFuture<Connection<T>> connect(ClientEndpoint endpoint, Codec<T> codec) {
    return connect(endpoint, codec, ConnectionOptions.DEFAULT);
  }

  /**
   * The same for an endpoint that is an object of {@link #reactor()}, such as {@code new
   * HostnameEndpoint(torsion.reactor(), "example.com", 8007).withOptions(tcpOptions)}. The endpoint
   * has the options of the transport: the future fails with {@link IllegalArgumentException} when
   * {@code options} have others.
   */
  public <T> CompletableFuture<Connection<T>> connect(
      ClientEndpoint endpoint, Codec<T> codec, ConnectionOptions options) {
    given(endpoint, "endpoint");
    given(codec, "codec");
    given(options, "options");
    return opening.connect(() -> endpoint, codec, options);
  }

  /**
   * Stays connected to {@code endpoint}; {@link ServiceGroup#keepConnected} has more choices.
   *
   * @throws dev.torsion.endpoint.EndpointSyntaxException when the string is not understood
   */
  public <T> KeptConnection<T> keepConnected(String endpoint, Codec<T> codec) {
    given(endpoint, "endpoint");
    given(codec, "codec");
    return services.keepConnected(endpoint, codec);
  }

  /**
   * The same with limits, a retry policy or a preparation of each connection.
   *
   * <pre>{@code
   * var kept = torsion.keepConnected("tcp:example.com:8007", Codecs.line(), setUp -> setUp
   *     .retryPolicy(failures -> Duration.ofSeconds(5))
   *     .preparation(connection -> connection.send("hello")));
   * }</pre>
   *
   * @throws dev.torsion.endpoint.EndpointSyntaxException when the string is not understood
   */
  public <T> KeptConnection<T> keepConnected(
      String endpoint, Codec<T> codec, Consumer<KeptConnection.SetUp<T>> setUp) {
    given(endpoint, "endpoint");
    given(codec, "codec");
    given(setUp, "set up");
    return services.keepConnected(endpoint, codec, setUp);
  }

  /** The same for an endpoint that is an object of {@link #reactor()}, with its own options. */
  public <T> KeptConnection<T> keepConnected(ClientEndpoint endpoint, Codec<T> codec) {
    given(endpoint, "endpoint");
    given(codec, "codec");
    return services.keepConnected(endpoint, codec);
  }

  /**
   * The same with limits, a retry policy or a preparation of each connection.
   *
   * @throws IllegalArgumentException when the options of {@code setUp} have a transport: the
   *     endpoint has its own, by its {@code withOptions}
   */
  public <T> KeptConnection<T> keepConnected(
      ClientEndpoint endpoint, Codec<T> codec, Consumer<KeptConnection.SetUp<T>> setUp) {
    given(endpoint, "endpoint");
    given(codec, "codec");
    given(setUp, "set up");
    return services.keepConnected(endpoint, codec, setUp);
  }

  <T> Connection<T> connection(
      MessageConnection<T> inner, Codec<T> codec, ConnectionOptions options) {
    return opening.connection(inner, codec, options);
  }

  // Servers and clients, by protocols.

  /** Listens at {@code endpoint} with the protocols of {@code factory}; fails as {@link #serve}. */
  public CompletableFuture<Server> listen(String endpoint, Factory factory) {
    return listen(endpoint, factory, TcpOptions.DEFAULT);
  }

  /** The same with limits and socket options of the connections. */
  public CompletableFuture<Server> listen(String endpoint, Factory factory, TcpOptions options) {
    given(endpoint, "endpoint");
    given(factory, "factory");
    given(options, "options");
    return opening.listen(
        () -> Endpoints.serverFromString(reactor, endpoint, options).listen(factory));
  }

  /** The same for an endpoint that is an object of {@link #reactor()}. */
  public CompletableFuture<Server> listen(ServerEndpoint endpoint, Factory factory) {
    given(endpoint, "endpoint");
    given(factory, "factory");
    return opening.listen(() -> endpoint.listen(factory));
  }

  /** Listens on a TCP port of all interfaces, 0 for any free one; Twisted's {@code listenTCP}. */
  public CompletableFuture<Server> listenTcp(int port, Factory factory) {
    return listenTcp(port, factory, TcpOptions.DEFAULT);
  }

  /** The same with limits and socket options of the connections. */
  public CompletableFuture<Server> listenTcp(int port, Factory factory, TcpOptions options) {
    given(factory, "factory");
    given(options, "options");
    return opening.listen(
        () ->
            Deferreds.succeed(
                reactor.listenTcp(port, factory, "", ListeningPort.DEFAULT_BACKLOG, options)));
  }

  /** Listens on the UNIX socket at {@code path}; Twisted's {@code listenUNIX}. */
  public CompletableFuture<Server> listenUnix(Path path, Factory factory) {
    return listenUnix(path, factory, UnixPortOptions.DEFAULT);
  }

  /** The same with a mode for the file, a lock, and limits of the connections. */
  public CompletableFuture<Server> listenUnix(Path path, Factory factory, UnixPortOptions options) {
    given(path, "path");
    given(factory, "factory");
    given(options, "options");
    return opening.listen(() -> Deferreds.succeed(reactor.listenUnix(path, factory, options)));
  }

  /**
   * Accepts connections on {@code channel}, which somebody else has bound, such as {@code
   * System.inheritedChannel()}; Twisted's {@code adoptStreamPort}. It may be of TCP or of a UNIX
   * socket. It is closed with the server. {@code new AdoptedStreamServerEndpoint(reactor(),
   * channel)} is the same as an endpoint, for {@link #serve(ServerEndpoint, Codec,
   * ConnectionHandler)} with a codec. The string {@code "systemd:domain=INET:index=0"} takes the
   * socket that systemd has started this program with.
   *
   * <p>The future fails with {@link IllegalArgumentException} when it is not bound, and with {@link
   * dev.torsion.net.CannotListenException} when it is closed or was adopted before. The channel
   * stays yours when it is not bound, and when the reactor has stopped.
   */
  public CompletableFuture<Server> adoptStreamPort(ServerSocketChannel channel, Factory factory) {
    given(channel, "channel");
    given(factory, "factory");
    return adoptStreamPort(channel, factory, TcpOptions.DEFAULT);
  }

  /** The same with limits and socket options of the connections. */
  public CompletableFuture<Server> adoptStreamPort(
      ServerSocketChannel channel, Factory factory, TcpOptions options) {
    given(channel, "channel");
    given(factory, "factory");
    given(options, "options");
    return opening.listen(
        () -> Deferreds.succeed(Reactors.adoptStreamPort(reactor, channel, factory, options)));
  }

  /**
   * Makes {@code channel}, which somebody else has connected, the connection of {@code protocol};
   * Twisted's {@code adoptStreamConnection}. It may be of TCP or of a UNIX socket. The future has
   * the protocol once it is connected. The channel is the reactor's from then on.
   *
   * <p>The future fails with {@link IllegalArgumentException} when the channel is not connected,
   * and with {@link java.io.IOException} when it is closed. It stays yours when it is not
   * connected, and when the reactor has stopped.
   */
  public <P extends Protocol> CompletableFuture<P> adoptStreamConnection(
      SocketChannel channel, P protocol) {
    given(channel, "channel");
    given(protocol, "protocol");
    return adoptStreamConnection(channel, protocol, TcpOptions.DEFAULT);
  }

  /** The same with limits and socket options of the connection. */
  public <P extends Protocol> CompletableFuture<P> adoptStreamConnection(
      SocketChannel channel, P protocol, TcpOptions options) {
    given(channel, "channel");
    given(protocol, "protocol");
    given(options, "options");
    return loop.opening(
        () -> {
          Reactors.adoptStreamConnection(reactor, channel, new Factory(() -> protocol), options);
          return Deferreds.succeed(protocol);
        },
        unwanted -> unwanted.transport().abortConnection());
  }

  /**
   * Connects {@code protocol} itself to {@code endpoint}; Twisted's {@code connectProtocol}. The
   * future has the protocol once it is connected, and fails as {@link #connect}.
   */
  public <P extends Protocol> CompletableFuture<P> connectProtocol(String endpoint, P protocol) {
    return connectProtocol(endpoint, protocol, TcpOptions.DEFAULT);
  }

  /** The same with limits and socket options of the connection. */
  public <P extends Protocol> CompletableFuture<P> connectProtocol(
      String endpoint, P protocol, TcpOptions options) {
    given(endpoint, "endpoint");
    given(protocol, "protocol");
    given(options, "options");
    return opening.connectProtocol(
        () -> Endpoints.clientFromString(reactor, endpoint, options), protocol);
  }

  /** The same for an endpoint that is an object of {@link #reactor()}. */
  public <P extends Protocol> CompletableFuture<P> connectProtocol(
      ClientEndpoint endpoint, P protocol) {
    given(endpoint, "endpoint");
    given(protocol, "protocol");
    return opening.connectProtocol(() -> endpoint, protocol);
  }

  /**
   * Begins to connect to {@code host}; Twisted's {@code connectTCP}. {@code factory} hears how it
   * goes. The attempt ends after 30 seconds. The future has the connector, which is to be used on
   * the reactor's thread, as soon as the attempt has begun.
   */
  public CompletableFuture<Connector> connectTcp(String host, int port, ClientFactory factory) {
    return connectTcp(host, port, factory, TcpOptions.DEFAULT);
  }

  /** The same with limits and socket options of the connection. */
  public CompletableFuture<Connector> connectTcp(
      String host, int port, ClientFactory factory, TcpOptions options) {
    given(host, "host");
    given(factory, "factory");
    given(options, "options");
    return call(() -> reactor.connectTcp(host, port, factory, ConnectOptions.DEFAULT, options));
  }

  /**
   * Begins to connect to the UNIX socket at {@code path}; Twisted's {@code connectUNIX}. Otherwise
   * as {@link #connectTcp(String, int, ClientFactory)}.
   */
  public CompletableFuture<Connector> connectUnix(Path path, ClientFactory factory) {
    given(path, "path");
    given(factory, "factory");
    return call(
        () ->
            reactor.connectUnix(
                path, factory, Connector.DEFAULT_TIMEOUT, false, StreamOptions.DEFAULT));
  }

  /**
   * Sends the file at {@code path} through {@code transport}; Twisted's {@code FileSender}. Threads
   * of the pool read it, as fast as the peer takes it. The future has the number of bytes.
   * Cancelling it stops the sending, and leaves the connection as it is.
   */
  public CompletableFuture<Long> sendFile(Path path, Transport transport) {
    given(path, "path");
    given(transport, "transport");
    return sendFile(path, transport, 0, Long.MAX_VALUE);
  }

  /** The same for at most {@code count} bytes, from {@code offset} on. */
  public CompletableFuture<Long> sendFile(Path path, Transport transport, long offset, long count) {
    given(path, "path");
    given(transport, "transport");
    return loop.future(() -> Reactors.sendFile(reactor, path, transport, offset, count));
  }

  // Datagrams.

  /**
   * Opens a UDP port for messages at {@code endpoint}, such as {@code "udp:8007"} or {@code
   * "udp:0:interface=127.0.0.1"}; a client takes port 0.
   *
   * <p>The future fails with {@link dev.torsion.net.CannotListenException} when the port is taken
   * or not allowed, and with {@link dev.torsion.endpoint.EndpointSyntaxException} when the string
   * is not understood.
   */
  public <T> CompletableFuture<Datagrams<T>> openDatagrams(String endpoint, Codec<T> codec) {
    given(endpoint, "endpoint");
    given(codec, "codec");
    return opening.openDatagrams(() -> DatagramPorts.openDatagrams(reactor, endpoint, codec));
  }

  /**
   * The same for an endpoint that is an object of {@link #reactor()}, such as {@code new
   * UdpEndpoint(torsion.reactor(), 8007, "", options)}.
   *
   * @param inboxLimit how many messages may wait until they are received; the other method has 256
   */
  public <T> CompletableFuture<Datagrams<T>> openDatagrams(
      DatagramEndpoint endpoint, Codec<T> codec, int inboxLimit) {
    given(endpoint, "endpoint");
    given(codec, "codec");
    return opening.openDatagrams(
        () -> DatagramPorts.openDatagrams(reactor, endpoint, codec, inboxLimit));
  }

  /**
   * Opens a UDP port for messages that is connected to {@code port} of {@code host}, whose name is
   * looked up: it sends there, hears from there only, and hears when nobody listens there. The
   * future fails with {@link dev.torsion.net.DnsLookupException} when the name has no address.
   */
  public <T> CompletableFuture<Datagrams<T>> connectDatagrams(
      String host, int port, Codec<T> codec) {
    given(host, "host");
    given(codec, "codec");
    return opening.openDatagrams(() -> DatagramPorts.connectDatagrams(reactor, host, port, codec));
  }

  /**
   * Opens a UDP port of all interfaces for {@code protocol}, 0 for any free one; Twisted's {@code
   * listenUDP}. The future fails with {@link dev.torsion.net.CannotListenException}, and with what
   * {@code startProtocol} throws.
   */
  public CompletableFuture<Server> listenUdp(int port, DatagramProtocol protocol) {
    return listenUdp(new UdpEndpoint(reactor, port), protocol);
  }

  /** The same for an endpoint, such as {@code new UdpEndpoint(reactor, 0, "::1", options)}. */
  public CompletableFuture<Server> listenUdp(DatagramEndpoint endpoint, DatagramProtocol protocol) {
    given(endpoint, "endpoint");
    given(protocol, "protocol");
    return opening.listen(() -> endpoint.listen(protocol));
  }

  /**
   * Makes a UDP port of a socket that is there already; Twisted's {@code adoptDatagramPort}. The
   * socket is the port's from then on, and is closed with it.
   */
  public CompletableFuture<Server> adoptDatagramPort(
      DatagramChannel socket, DatagramProtocol protocol) {
    given(socket, "socket");
    given(protocol, "protocol");
    return opening.listen(
        () ->
            Deferreds.succeed(
                reactor.adoptDatagramPort(socket, protocol, DatagramOptions.DEFAULT)));
  }

  // Processes, standard input and output.

  /**
   * Runs {@code command} with {@code protocol} as its other end; Twisted's {@code spawnProcess}.
   * The future has the process, which is to be used on the reactor's thread, before it runs: {@code
   * connectionMade} of the protocol says when it does.
   */
  public CompletableFuture<ProcessTransport> spawnProcess(
      ProcessProtocol protocol, ProcessCommand command) {
    given(protocol, "protocol");
    given(command, "command");
    return call(() -> Processes.spawnProcess(reactor, protocol, command));
  }

  /**
   * Runs {@code command}; the future has what it has written to its standard output. Anything on
   * its standard error is a failure. Twisted's {@code getProcessOutput}. Cancelling the future
   * kills the process.
   */
  public CompletableFuture<byte[]> processOutput(ProcessCommand command) {
    given(command, "command");
    return loop.future(() -> Processes.getProcessOutput(reactor, command));
  }

  /** Runs {@code command}; the future has its exit code. Twisted's {@code getProcessValue}. */
  public CompletableFuture<Integer> processValue(ProcessCommand command) {
    given(command, "command");
    return loop.future(() -> Processes.getProcessValue(reactor, command));
  }

  /**
   * Runs {@code command}; the future has all that it has written, and its exit code. Twisted's
   * {@code getProcessOutputAndValue}. Cancelling the future kills the process.
   */
  public CompletableFuture<ProcessOutput> processOutputAndValue(ProcessCommand command) {
    given(command, "command");
    return loop.future(() -> Processes.getProcessOutputAndValue(reactor, command));
  }

  /**
   * Keeps a process of {@code command} running; {@link ServiceGroup#keepRunning} has more choices.
   */
  public KeptProcess keepRunning(ProcessCommand command) {
    given(command, "command");
    return services.keepRunning(command);
  }

  /** The same with delays, and a protocol for each process. */
  public KeptProcess keepRunning(
      ProcessCommand command,
      ProcessServiceOptions options,
      Supplier<? extends ProcessProtocol> protocols) {
    given(command, "command");
    given(options, "options");
    given(protocols, "protocols");
    return services.keepRunning(command, options, protocols);
  }

  /**
   * Connects {@code protocol} to standard input and output, see {@link StandardIO}. The future has
   * the protocol once it is connected, and fails with {@link IllegalStateException} when another
   * one has them. Cancelling it after that changes nothing.
   */
  public <P extends Protocol> CompletableFuture<P> standardIO(P protocol) {
    given(protocol, "protocol");
    return call(
        () -> {
          StandardIO.open(reactor, protocol);
          return protocol;
        });
  }

  // Time.

  /**
   * Runs {@code call} on the reactor's thread after {@code delay}; Twisted's {@code callLater}.
   * Nothing waits for it: when the reactor stops before, it is not made.
   *
   * @throws IllegalArgumentException when {@code delay} is negative
   */
  public ScheduledCall callLater(Duration delay, Runnable call) {
    given(delay, "delay");
    given(call, "call");
    return new ScheduledCall(loop, delay, call);
  }

  /**
   * Runs {@code call} on the reactor's thread after {@code delay}, for its result; Twisted's {@code
   * deferLater}. An exception fails the future. Cancelling the future cancels the call.
   *
   * @throws IllegalArgumentException when {@code delay} is negative
   */
  public <T> CompletableFuture<T> deferLater(Duration delay, Callable<T> call) {
    given(delay, "delay");
    given(call, "call");
    Loop.nanos(delay);
    return loop.futureUntilStop(() -> Clocks.deferLater(reactor, delay, call));
  }

  /**
   * Completes after {@code delay}. Cancelling the future cancels the timer.
   *
   * @throws IllegalArgumentException when {@code delay} is negative
   */
  public CompletableFuture<Void> after(Duration delay) {
    given(delay, "delay");
    return deferLater(delay, () -> null);
  }

  /**
   * Fails {@code future} with {@link dev.torsion.clock.DeferredTimeoutException}, a {@link
   * java.util.concurrent.TimeoutException}, when it has no result after {@code timeout}; Twisted's
   * {@code addTimeout}. A future of this library, or a stage of one, gives its work up then, as
   * when it is cancelled.
   *
   * <p>It is {@code orTimeout} by the reactor's clock: a test with a virtual clock lets this time
   * pass. The clock of {@code orTimeout} is the JDK's own, which runs on in such a test.
   *
   * <pre>{@code
   * torsion.timeout(connection.request("hello"), Duration.ofSeconds(5)).thenAccept(System.out::println);
   * }</pre>
   *
   * @return {@code future} itself
   * @throws IllegalArgumentException when {@code timeout} is negative
   */
  public <T> CompletableFuture<T> timeout(CompletableFuture<T> future, Duration timeout) {
    given(future, "future");
    return timing.timeout(future, given(timeout, "timeout"));
  }

  /**
   * Runs {@code call} on the reactor's thread now and then every {@code interval}; Twisted's {@code
   * LoopingCall}. The calls stand on a grid, so they do not drift, and one that takes longer than
   * the interval makes the next one skip points of it. A call that throws ends them: this is
   * reported, and {@link Repeating#done} fails.
   *
   * @throws IllegalArgumentException when {@code interval} is negative
   */
  public Repeating every(Duration interval, Runnable call) {
    given(interval, "interval");
    given(call, "call");
    return timing.repeat(interval, new LoopingCall(reactor, call));
  }

  /** The same for a call that returns a stage, which the next call waits for. */
  public Repeating every(Duration interval, Callable<? extends CompletionStage<?>> call) {
    given(interval, "interval");
    given(call, "call");
    return timing.repeat(interval, new LoopingCall(reactor, () -> deferred(call.call())));
  }

  // Deferreds.

  /**
   * Calls {@code call} on the reactor's thread and gives the result of its Deferred as a future,
   * with the very exception that it fails with. Cancelling the future, or any stage of it, cancels
   * the Deferred. A value that has come by then and that nobody was handed goes back to where it
   * came from, as {@link Deferred#onUndelivered} says: a lock is released, an object is in its
   * queue again.
   */
  public <T> CompletableFuture<T> future(Callable<Deferred<T>> call) {
    given(call, "call");
    return loop.keepingUntilStop(call);
  }

  /**
   * {@code stage} as a Deferred, which fires on the reactor's thread and is to be used there.
   * Cancelling the Deferred cancels the stage.
   */
  public <T> Deferred<T> deferred(CompletionStage<T> stage) {
    given(stage, "stage");
    return Deferreds.toDeferred(stage, reactor);
  }

  // Threads.

  /** Runs {@code call} on the reactor's thread. An exception fails the future. */
  public <T> CompletableFuture<T> call(Callable<T> call) {
    given(call, "call");
    return loop.future(() -> Deferreds.succeed(call.call()));
  }

  /** Runs {@code call} on the reactor's thread. An exception is reported, and fails the future. */
  public CompletableFuture<Void> call(Runnable call) {
    given(call, "call");
    return loop.future(
        () -> {
          try {
            call.run();
          } catch (Throwable e) {
            loop.report(e);
            throw e;
          }
          return Deferreds.succeed(null);
        },
        Loop.IS_ANY);
  }

  /**
   * Runs {@code call} on the reactor's thread and waits for its result; Twisted's {@code
   * blockingCallFromThread}.
   *
   * @throws Exception what the call has thrown
   * @throws IllegalStateException on the reactor's own thread, which would wait for itself
   */
  public <T> T blockingCall(Callable<T> call) throws Exception {
    given(call, "call");
    return reactor.blockingCallFromThread(() -> Deferreds.succeed(call.call()));
  }

  /**
   * Runs {@code call}, which may block, on a thread of the reactor's pool; Twisted's {@code
   * deferToThread}. The pool has up to 10 threads, unless {@link #adjustThreadPool} says otherwise.
   * Cancelling the future only ends the waiting. When the reactor ends without its pool, as after a
   * crash, the future fails with {@link dev.torsion.loop.ReactorNotRunningException}.
   */
  public <T> CompletableFuture<T> deferToThread(Callable<T> call) {
    given(call, "call");
    return loop.future(() -> reactor.deferToThread(call));
  }

  /**
   * From now on the reactor's pool has between {@code least} and {@code most} threads. The future
   * fails with {@link IllegalArgumentException} when that makes no sense.
   */
  public CompletableFuture<Void> adjustThreadPool(int least, int most) {
    return loop.future(
        () -> {
          reactor.getThreadPool().adjust(least, most);
          return Deferreds.succeed(null);
        });
  }

  // Services and health.

  /** The services of this program, which stop before the reactor does. */
  public ServiceGroup services() {
    return services;
  }

  /**
   * Tells {@code listener} every {@code period} how the loop is doing, on the reactor's thread at
   * the end of a turn: not while it waits or is blocked. {@code reactor().health()} tells at once.
   *
   * @throws IllegalArgumentException when {@code period} is not positive
   */
  public HealthWatch watchHealth(Duration period, Consumer<LoopHealth> listener) {
    given(period, "period");
    given(listener, "listener");
    return new HealthWatch(loop, period, listener);
  }

  @Override
  public String toString() {
    return "Torsion(" + reactor + ")";
  }
}
