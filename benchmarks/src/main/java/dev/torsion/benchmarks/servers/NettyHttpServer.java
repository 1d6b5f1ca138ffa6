// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.servers;

import dev.torsion.benchmarks.HttpPages;
import dev.torsion.benchmarks.Order;
import dev.torsion.benchmarks.OrderJson;
import dev.torsion.benchmarks.Wire;
import dev.torsion.benchmarks.servers.NettyServer.Framing;
import dev.torsion.benchmarks.servers.NettyServer.Native;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultFileRegion;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.AsciiString;
import io.netty.util.ReferenceCountUtil;
import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;

/**
 * Netty's codec of HTTP, on one event loop, with as little around it as there can be. The idiomatic
 * one puts a request together with {@link HttpObjectAggregator}, as in Netty's documents; the tuned
 * one takes its parts as they come.
 */
final class NettyHttpServer implements BenchServer {
  private static final int MAX_BODY = 10 << 20;
  private static final AsciiString CONTENT_TYPE = AsciiString.cached("Content-Type");
  private static final AsciiString CONTENT_LENGTH = AsciiString.cached("Content-Length");
  private static final AsciiString DATE = AsciiString.cached("Date");
  private static final AsciiString TEXT_TYPE = AsciiString.cached(HttpPages.TEXT_TYPE);
  private static final AsciiString JSON_TYPE = AsciiString.cached(HttpPages.JSON_TYPE);
  private static final AsciiString ECHO_TYPE = AsciiString.cached(HttpPages.ECHO_TYPE);
  private static final ByteBuf TEXT =
      Unpooled.unreleasableBuffer(
          Unpooled.directBuffer().writeBytes(HttpPages.text()).asReadOnly());

  private final Native io;
  private final Framing framing;
  private final Order order = Order.sample();
  private File file;
  private long dateSecond;
  private AsciiString date = AsciiString.EMPTY_STRING;

  NettyHttpServer(Native io, Framing framing) {
    this.io = io;
    this.framing = framing;
  }

  @Override
  public int start(Wire wire) throws Exception {
    file = new File(HttpPages.folder() + HttpPages.FILE_PATH);
    var bootstrap =
        new ServerBootstrap()
            .group(new MultiThreadIoEventLoopGroup(1, io.handler()))
            .channel(io.channel())
            .option(ChannelOption.SO_BACKLOG, 1024)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    var pipeline = channel.pipeline().addLast(new HttpServerCodec());
                    if (framing == Framing.TUNED) {
                      pipeline.addLast(new Parts());
                    } else {
                      pipeline.addLast(new HttpObjectAggregator(MAX_BODY), new Whole());
                    }
                  }
                });
    return ((InetSocketAddress) bootstrap.bind(0).sync().channel().localAddress()).getPort();
  }

  /** {@code body} is the answer's to release. */
  private void answer(ChannelHandlerContext context, HttpRequest request, ByteBuf body)
      throws IOException {
    switch (request.uri()) {
      case HttpPages.TEXT_PATH -> write(context, request, TEXT_TYPE, TEXT.duplicate());
      case HttpPages.JSON_PATH ->
          write(context, request, JSON_TYPE, Unpooled.wrappedBuffer(OrderJson.encode(order)));
      case HttpPages.FILE_PATH -> writeFile(context, request);
      case HttpPages.ECHO_PATH -> write(context, request, ECHO_TYPE, body.retain());
      default ->
          context.write(
              new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.NOT_FOUND));
    }
  }

  private void write(
      ChannelHandlerContext context, HttpRequest request, AsciiString type, ByteBuf content) {
    var response =
        new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK, content);
    describe(response.headers(), type, content.readableBytes());
    end(request, context.write(response));
  }

  private void writeFile(ChannelHandlerContext context, HttpRequest request) {
    var head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
    long length = file.length();
    describe(head.headers(), TEXT_TYPE, length);
    context.write(head);
    context.write(new DefaultFileRegion(file, 0, length));
    end(request, context.write(LastHttpContent.EMPTY_LAST_CONTENT));
  }

  private void describe(HttpHeaders headers, AsciiString type, long length) {
    headers.set(CONTENT_TYPE, type).set(CONTENT_LENGTH, String.valueOf(length)).set(DATE, date());
  }

  private static void end(HttpRequest request, ChannelFuture written) {
    if (!HttpUtil.isKeepAlive(request)) written.addListener(ChannelFutureListener.CLOSE);
  }

  private AsciiString date() {
    long now = System.currentTimeMillis() / 1000;
    if (now != dateSecond) {
      dateSecond = now;
      date = new AsciiString(HttpPages.now());
    }
    return date;
  }

  /** Takes the head and the body as they come. */
  private final class Parts extends ChannelInboundHandlerAdapter {
    private HttpRequest request;
    private ByteBuf body = Unpooled.EMPTY_BUFFER;

    @Override
    public void channelRead(ChannelHandlerContext context, Object part) throws IOException {
      try {
        if (part instanceof HttpRequest head) request = head;
        if (!(part instanceof HttpContent content)) return;
        if (content.content().isReadable()) add(content.content().retain());
        if (part instanceof LastHttpContent) {
          answer(context, request, body);
          body.release();
          body = Unpooled.EMPTY_BUFFER;
        }
      } finally {
        ReferenceCountUtil.release(part);
      }
    }

    private void add(ByteBuf piece) {
      body = body.isReadable() ? Unpooled.wrappedBuffer(body, piece) : piece;
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      context.flush();
    }
  }

  private final class Whole extends SimpleChannelInboundHandler<FullHttpRequest> {
    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request)
        throws IOException {
      answer(context, request, request.content());
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      context.flush();
    }
  }
}
