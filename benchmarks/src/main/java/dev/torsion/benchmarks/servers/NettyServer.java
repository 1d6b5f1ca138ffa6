// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.servers;

import dev.torsion.benchmarks.BenchTls;
import dev.torsion.benchmarks.OrderJson;
import dev.torsion.benchmarks.Wire;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.handler.codec.LengthFieldPrepender;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.Provider;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLException;

/**
 * Netty, on one event loop. It flushes when a read is done with, since each flush is a system call.
 */
final class NettyServer implements BenchServer {
  /** The transport that moves the bytes. */
  enum Native {
    NIO(NioServerSocketChannel.class),
    EPOLL(EpollServerSocketChannel.class),
    IO_URING(IoUringServerSocketChannel.class);

    private final Class<? extends ServerChannel> channel;

    Native(Class<? extends ServerChannel> channel) {
      this.channel = channel;
    }

    Class<? extends ServerChannel> channel() {
      return channel;
    }

    IoHandlerFactory handler() {
      return switch (this) {
        case NIO -> NioIoHandler.newFactory();
        case EPOLL -> EpollIoHandler.newFactory();
        case IO_URING -> IoUringIoHandler.newFactory();
      };
    }
  }

  /** How the answers are framed; the decoders are Netty's own in both. */
  enum Framing {
    /** Each answer goes through the pipeline, as in Netty's documents. */
    IDIOMATIC,
    /** The answers to all messages of a read are gathered in one buffer, which is written once. */
    TUNED
  }

  private static final int MAX = 1 << 20;
  private static final int DATAGRAM = 2048;
  private static final ByteBuf CRLF =
      Unpooled.unreleasableBuffer(Unpooled.copiedBuffer("\r\n", StandardCharsets.US_ASCII));

  private final Native io;
  private final Framing framing;
  private final SslProvider provider;
  private final Provider engines; // null for the JDK's own

  NettyServer(Native io, Framing framing) {
    this(io, framing, SslProvider.JDK);
  }

  /** For TLS with the engine of {@code provider}. */
  NettyServer(Native io, Framing framing, SslProvider provider) {
    this(io, framing, provider, null);
  }

  /** The same with the engine of a provider of the JDK's architecture. */
  NettyServer(Native io, Framing framing, SslProvider provider, Provider engines) {
    this.io = io;
    this.framing = framing;
    this.provider = provider;
    this.engines = engines;
  }

  @Override
  public int start(Wire wire) throws Exception {
    var loop = new MultiThreadIoEventLoopGroup(1, io.handler());
    if (wire == Wire.DATAGRAM) return startDatagrams(loop);
    var tls = wire == Wire.TLS ? tls() : null;
    var bootstrap =
        new ServerBootstrap()
            .group(loop)
            .channel(io.channel)
            .option(ChannelOption.SO_BACKLOG, 1024)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    if (tls != null) channel.pipeline().addLast(tls.newHandler(channel.alloc()));
                    addHandlers(channel, wire);
                  }
                });
    return ((InetSocketAddress) bootstrap.bind(0).sync().channel().localAddress()).getPort();
  }

  private SslContext tls() throws SSLException {
    var identity = BenchTls.identity();
    var chain = identity.getChain().toArray(X509Certificate[]::new);
    var builder =
        SslContextBuilder.forServer(identity.getPrivateKey(), chain)
            .sslProvider(provider)
            .sslContextProvider(engines)
            .protocols(BenchTls.VERSION);
    // BoringSSL chooses the cipher itself, and chooses this one on a processor with AES.
    if (provider == SslProvider.JDK && engines == null) builder.ciphers(List.of(BenchTls.CIPHER));
    return builder.build();
  }

  /** By epoll the tuned one receives and sends several datagrams with one system call. */
  private int startDatagrams(EventLoopGroup loop) throws InterruptedException {
    var bootstrap =
        new Bootstrap()
            .group(loop)
            .channel(io == Native.EPOLL ? EpollDatagramChannel.class : NioDatagramChannel.class)
            .handler(new DatagramEcho());
    if (io == Native.EPOLL && framing == Framing.TUNED) {
      bootstrap
          .option(EpollChannelOption.MAX_DATAGRAM_PAYLOAD_SIZE, DATAGRAM)
          .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(16 * DATAGRAM));
    }
    return ((InetSocketAddress) bootstrap.bind("0.0.0.0", 0).sync().channel().localAddress())
        .getPort();
  }

  private void addHandlers(Channel channel, Wire wire) {
    var pipeline = channel.pipeline();
    var isTuned = framing == Framing.TUNED;
    switch (wire) {
      case RAW, TLS -> pipeline.addLast(new Echo());
      case LINE -> {
        pipeline.addLast(new LineBasedFrameDecoder(MAX));
        pipeline.addLast(isTuned ? new GatheredLines() : new LineEcho());
      }
      case INT32 -> {
        pipeline.addLast(new LengthFieldBasedFrameDecoder(MAX, 0, 4, 0, 4));
        if (isTuned) {
          pipeline.addLast(new GatheredStrings());
        } else {
          pipeline.addLast(new LengthFieldPrepender(4), new FrameEcho());
        }
      }
      case JSON -> {
        pipeline.addLast(
            new LengthFieldBasedFrameDecoder(ByteOrder.LITTLE_ENDIAN, MAX, 4, 4, 4, 0, true));
        pipeline.addLast(isTuned ? new GatheredOrders() : new OrderEcho());
      }
      case DATAGRAM, HTTP -> throw new IllegalArgumentException(wire + " has other servers");
    }
  }

  /** Writes what it gets, and flushes when the read is done. */
  private static final class Echo extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      context.write(message, context.voidPromise());
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      context.flush();
    }
  }

  private static final class DatagramEcho extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      var datagram = (DatagramPacket) message;
      context.write(
          new DatagramPacket(datagram.content(), datagram.sender()), context.voidPromise());
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      context.flush();
    }
  }

  private abstract static class FlushingAtEnd extends SimpleChannelInboundHandler<ByteBuf> {
    FlushingAtEnd(boolean release) {
      super(release);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      context.flush();
    }
  }

  private static final class LineEcho extends FlushingAtEnd {
    LineEcho() {
      super(false);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf line) {
      context.write(line, context.voidPromise());
      context.write(CRLF.duplicate(), context.voidPromise());
    }
  }

  private static final class FrameEcho extends FlushingAtEnd {
    FrameEcho() {
      super(false);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf frame) {
      context.write(frame, context.voidPromise());
    }
  }

  private static final class OrderEcho extends FlushingAtEnd {
    OrderEcho() {
      super(true);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf frame) throws IOException {
      ByteBuf answer = context.alloc().buffer(128);
      echo(frame, answer);
      context.write(answer, context.voidPromise());
    }
  }

  private static void echo(ByteBuf frame, ByteBuf out) throws IOException {
    int version = frame.readIntLE();
    frame.skipBytes(4);
    int command = frame.readIntLE();
    byte[] json = OrderJson.encode(OrderJson.decode(ByteBufUtil.getBytes(frame)));
    out.writeIntLE(version).writeIntLE(json.length).writeIntLE(command).writeBytes(json);
  }

  /** Gathers the answers in one buffer. */
  private abstract static class Gathered extends SimpleChannelInboundHandler<ByteBuf> {
    private ByteBuf answers;

    @Override
    protected final void channelRead0(ChannelHandlerContext context, ByteBuf frame)
        throws IOException {
      if (answers == null) answers = context.alloc().directBuffer(16 * 1024);
      answer(frame, answers);
    }

    abstract void answer(ByteBuf frame, ByteBuf answers) throws IOException;

    @Override
    public final void channelReadComplete(ChannelHandlerContext context) {
      if (answers == null) return;
      context.writeAndFlush(answers, context.voidPromise());
      answers = null;
    }
  }

  private static final class GatheredLines extends Gathered {
    @Override
    void answer(ByteBuf frame, ByteBuf answers) {
      answers.writeBytes(frame).writeShort('\r' << 8 | '\n');
    }
  }

  private static final class GatheredStrings extends Gathered {
    @Override
    void answer(ByteBuf frame, ByteBuf answers) {
      answers.writeInt(frame.readableBytes()).writeBytes(frame);
    }
  }

  private static final class GatheredOrders extends Gathered {
    @Override
    void answer(ByteBuf frame, ByteBuf answers) throws IOException {
      echo(frame, answers);
    }
  }
}
