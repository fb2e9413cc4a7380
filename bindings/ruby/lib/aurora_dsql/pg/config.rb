# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require "uri"

module AuroraDsql
  module Pg
    # The settings that a program asks for.  Options that are not listed here are libpq parameters and
    # are passed to PG.connect.
    class Config
      # Used for settings that are not given.  max_lifetime and token_duration are in seconds.
      DEFAULTS = {
        user: "admin",
        database: "postgres",
        port: 5432,
        max_lifetime: 55 * 60,
        token_duration: 15 * 60
      }.freeze

      # The URI schemes of a connection string.  dsql:// is accepted too.
      VALID_SCHEMES = %w[postgres postgresql].freeze

      # The official gem's options, in its order.
      OPTIONS = %i[
        host region user database port profile token_duration credentials_provider
        max_lifetime application_name logger occ_max_retries
      ].freeze

      # The official gem does not have the last two.  on_connect is a callable that receives each new
      # connection; pg_params is a Hash of further libpq parameters.
      attr_accessor(*OPTIONS, :on_connect, :pg_params)

      # Seconds.  SigV4 allows a presigned request to be valid for one week.
      MAX_TOKEN_DURATION = 7 * 24 * 60 * 60

      # Spellings that the official connectors use in other languages, and libpq's dbname.
      ALIASES = {
        dbname: :database, tokenDurationSecs: :token_duration, token_duration_secs: :token_duration,
        "token-duration-secs": :token_duration, ormPrefix: :application_name,
        occMaxRetries: :occ_max_retries
      }.freeze

      # These options must be whole numbers in the query of a connection string.
      NUMBER_OPTIONS = %i[
        port max_lifetime token_duration tokenDurationSecs token_duration_secs token-duration-secs
        occ_max_retries occMaxRetries
      ].freeze
      # These take Ruby objects, so a connection string cannot set them.
      OBJECT_OPTIONS = %i[logger credentials_provider on_connect pg_params].freeze

      # Takes the options of the README.  Their values are validated by #resolve.
      def initialize(**options)
        @pg_params = {}
        merge(options)
      end

      # Returns the Config for a connection string, such as
      # postgres://user@host:port/database?region=...&profile=...&tokenDurationSecs=...
      def self.parse(conn_string)
        uri = parse_uri(conn_string)
        config = new(
          host: uri.host,
          user: unescape(uri.user),
          database: unescape(uri.path.to_s.delete_prefix("/")),
          port: uri.port
        )
        config.merge(query_options(uri.query))
      end

      # Returns the Config for a connection String, a Config, a Hash (or another object with #to_h),
      # or keywords alone.  Keywords take precedence.
      def self.from(config = nil, **options)
        base =
          case config
          when String then parse(config)
          when Config then config.dup
          when nil then new
          else from_hash(config)
          end
        base.merge(options)
      end

      # Validates the settings, fills in defaults, and returns a frozen ResolvedConfig.
      def resolve
        validate!
        resolved_host, resolved_region = resolve_host_and_region
        ResolvedConfig.new(
          host: resolved_host,
          region: resolved_region,
          user: presence(@user) || DEFAULTS[:user],
          database: presence(@database) || DEFAULTS[:database],
          port: @port || port_from_env || DEFAULTS[:port],
          profile: @profile,
          token_duration: @token_duration || DEFAULTS[:token_duration],
          credentials_provider: @credentials_provider,
          max_lifetime: @max_lifetime || DEFAULTS[:max_lifetime],
          application_name: @application_name,
          logger: @logger,
          occ_max_retries: @occ_max_retries,
          on_connect: @on_connect,
          pg_params: @pg_params.dup.freeze
        ).freeze
      end

      # Sets the options in the Hash and returns self.  A nil value leaves an option unchanged.
      def merge(options)
        options.each do |name, value|
          name = name.to_sym
          name = ALIASES.fetch(name, name)
          next if value.nil?

          if OPTIONS.include?(name) || %i[on_connect pg_params].include?(name)
            public_send("#{name}=", value)
          else
            @pg_params[name] = value
          end
        end
        self
      end

      # A copy has a pg_params Hash of its own.
      def initialize_copy(other)
        super
        @pg_params = other.pg_params.dup
      end

      class << self
        private

        def parse_uri(conn_string)
          uri = URI.parse(conn_string)
          unless VALID_SCHEMES.include?(uri.scheme) || uri.scheme == "dsql"
            raise Error, "unsupported URI scheme '#{uri.scheme}', expected 'postgres' or 'postgresql'"
          end
          uri
        rescue URI::InvalidURIError
          # URI's message, and so the cause, repeats the string, which may contain a password.
          raise Error, "the connection string is not a valid URI", cause: nil
        end

        def unescape(text)
          text.nil? || text.empty? ? nil : URI::DEFAULT_PARSER.unescape(text)
        end

        # Converts number options.  An object option becomes a libpq parameter of that name, which
        # fails by name when the connection is made.
        def query_options(query)
          options = URI.decode_www_form(query.to_s).to_h.transform_keys(&:to_sym)
          NUMBER_OPTIONS.each { |name| options[name] = whole_number(name, options[name]) if options.key?(name) }
          objects = options.slice(*OBJECT_OPTIONS)
          options.except(*OBJECT_OPTIONS).merge(objects.empty? ? {} : { pg_params: objects })
        end

        def whole_number(name, text)
          Integer(text, 10)
        rescue ArgumentError
          raise Error, "#{name} must be a whole number, got #{text.inspect}"
        end

        def from_hash(config)
          unless config.respond_to?(:to_h)
            raise ArgumentError,
                  "config must be a String, Config, Hash, or respond to #to_h, got #{config.class}"
          end
          new.merge(config.to_h)
        end
      end

      private

      def presence(text)
        text.nil? || text.to_s.empty? ? nil : text
      end

      # libpq reads PGPORT too, and `dsql local env` sets it for a local cluster.
      def port_from_env
        port = ENV["PGPORT"].to_s.strip
        port.empty? ? nil : Integer(port, 10)
      rescue ArgumentError
        raise Error, "PGPORT must be a number, got #{ENV['PGPORT'].inspect}"
      end

      def resolve_host_and_region
        region = presence(@region) || Util.region_from_env
        if Util.cluster_id?(@host)
          raise Error, "region is required when host is a cluster ID" unless region
        else
          begin
            region = presence(@region) || Util.parse_region(Util.signed_host(@host, @pg_params[:options]))
          rescue ArgumentError
            raise Error, "region is required: could not parse from hostname and not set" unless region
          end
        end
        Native.endpoint(@host, region)
      end

      def validate!
        raise Error, "host is required" if @host.nil? || @host.empty?

        validate_retries
        validate_duration
        validate_lifetime
      end

      def validate_retries
        return if @occ_max_retries.nil?
        return if @occ_max_retries.is_a?(Integer) && @occ_max_retries.positive?

        raise Error, "occ_max_retries must be a positive integer, got #{@occ_max_retries.inspect}"
      end

      def validate_duration
        return if @token_duration.nil?
        return if @token_duration.is_a?(Integer) && @token_duration.between?(1, MAX_TOKEN_DURATION)

        raise Error, "token_duration must be a number of seconds from 1 to #{MAX_TOKEN_DURATION}, " \
                     "got #{@token_duration.inspect}"
      end

      def validate_lifetime
        return if @max_lifetime.nil? || (@max_lifetime.is_a?(Numeric) && @max_lifetime.positive?)

        raise Error, "max_lifetime must be a positive number of seconds, got #{@max_lifetime.inspect}"
      end
    end

    # Seconds.  This is libdsql's default; libpq's is to wait indefinitely.
    CONNECT_TIMEOUT = 10

    # A validated, immutable Config.
    ResolvedConfig = Struct.new(
      *Config::OPTIONS, :on_connect, :pg_params,
      keyword_init: true
    ) do
      # The name that tokens are signed for.  It differs from host for an interface endpoint.
      def signed_host
        Util.signed_host(host, (pg_params || {})[:options])
      end

      # Seconds that all attempts to connect may take together, or Infinity for no limit.
      def connect_time_limit
        seconds = Integer((pg_params || {})[:connect_timeout] || CONNECT_TIMEOUT)
        seconds.positive? ? seconds : Float::INFINITY
      rescue ArgumentError, TypeError
        CONNECT_TIMEOUT # libpq reports the invalid value
      end

      # Returns the Hash for PG.connect.  libdsql chooses the root certificates; sslmode is always
      # verify-full.
      def to_pg_params(password:)
        extra = pg_params || {}
        params = Native.params(host, region, user, extra.keys.map(&:to_s),
                               extra.values.map(&:to_s), password)
        params.delete(:sslnegotiation)
        params.merge!(
          host: params[:host], port: port, user: user, dbname: database, password: password,
          sslmode: "verify-full", application_name: AuroraDsql::Pg.build_application_name(application_name)
        )
        params[:connect_timeout] = extra[:connect_timeout] || CONNECT_TIMEOUT
        # Direct SSL negotiation (libpq 17+)
        params[:sslnegotiation] = "direct" if PG::library_version >= 170_000
        params
      end
    end
  end
end
